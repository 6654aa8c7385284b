"""A build in the layout of MWAA, and nothing else of the repository: it parses, and it runs.

MWAA_PYTHON names another Python with another version of Airflow to run it on.
"""

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from demo.landing import land
from demo.traffic import generate
from tests.end_to_end.events import CRAWLER, PREFIX
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.mwaa.layout import Mwaa, build_mwaa
from tests.oracle import assert_rows_equal, typed_row

DAY = date(2024, 3, 30)
VERSION = "from importlib.metadata import version; print(version('apache-airflow'))"
# The DAG processor puts its folder on the path; in Airflow 2 it is there from the start.
FOUND = """
import importlib.util, json, pathlib, sys
before = [name for name in sys.argv[2:] if importlib.util.find_spec(name)]
folder = pathlib.Path(sys.argv[1])
try:
    from airflow.dag_processing.dagbag import BundleDagBag
    bag = BundleDagBag(bundle_path=folder, bundle_name="dags-folder")
except ImportError:
    from airflow.models.dagbag import DagBag
    bag = DagBag(str(folder))
import retime
print(json.dumps({"before": before, "dags": list(bag.dags), "errors": bag.import_errors,
                  "package": retime.__file__, "imports_local_aws": "local_aws" in sys.modules}))
"""
# What the API server does with plugins, and then with the first request for the page.
PAGE = """
import json, sys
from airflow import plugins_manager
(info,) = [p for p in plugins_manager.get_plugin_info() if p["name"] == "retime_page"]
try:
    errors = plugins_manager.get_import_errors()
except AttributeError:
    errors = plugins_manager.import_errors
found = {"errors": errors, "loaded": "retime" in sys.modules, "apps": info.get("fastapi_apps")}
if found["apps"]:
    from airflow.api_fastapi.core_api.datamodels.plugins import PluginResponse
    views = PluginResponse.model_validate(info).external_views
    found["views"] = [[view.destination, view.category, view.href] for view in views]
    import retime_page
    retime_page.load_app()
    found["package"] = sys.modules["retime"].__file__
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def account(aws) -> Pipeline:
    """An AWS account with one day of raw events."""
    account = Pipeline(aws=aws, name="mwaa")
    account.set_up()
    account.crawl_from(CRAWLER, account.name, PREFIX)
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=timezone.utc)
    land(
        account.s3,
        account.name,
        PREFIX,
        generate(20, midnight, midnight + timedelta(days=1), seed=7),
    )
    return account


@pytest.fixture(scope="module")
def mwaa(account, aws, tmp_path_factory) -> Mwaa:
    """An environment of MWAA with the build and the Variables that docs/deploying.md tells."""
    folder = tmp_path_factory.mktemp("mwaa")
    python = Path(os.environ.get("MWAA_PYTHON", sys.executable)).absolute()
    version = subprocess.run([python, "-c", VERSION], check=True, capture_output=True, text=True)
    mwaa = Mwaa(
        root=folder / "container",
        endpoint=aws.endpoint,
        python=python,
        version=version.stdout.strip(),
    )
    mwaa.unpack(build_mwaa(folder / "build"))
    mwaa.airflow("db", "migrate")
    settings = {**account.settings, "RETIME_DEFERRABLE": "false", "RETIME_POLL_SECONDS": "0.2"}
    variables = folder / "variables.json"
    variables.write_text(json.dumps({name.lower(): value for name, value in settings.items()}))
    mwaa.airflow("variables", "import", str(variables))
    return mwaa


def test_the_dag_parses_from_the_build_and_from_nothing_else(mwaa):
    dags, ours = mwaa.home / "dags", ("retime", "retime_dags", "demo", "tests")
    printed = mwaa.run("-c", FOUND, str(dags), *ours)
    found = json.loads(printed.splitlines()[-1])
    assert found == {
        "before": [],
        "dags": ["retime_traffic"],
        "errors": {},
        "package": str(dags / "retime" / "__init__.py"),
        "imports_local_aws": False,  # which the tests' environment has installed
    }


def test_the_page_is_a_plugin_that_finds_the_package_beside_it(mwaa):
    """The API server of MWAA may have no dags folder; on Airflow 2 the plugin is empty."""
    found = json.loads(mwaa.run("-c", PAGE).splitlines()[-1])
    assert (found["errors"], found["loaded"]) == ({}, False)
    if mwaa.version.startswith("2."):
        assert not found["apps"]
        return
    assert found["views"] == [["dag", None, "retime/{DAG_ID}"], ["nav", "browse", "retime/"]]
    package = mwaa.home / "plugins" / "retime_page_package" / "retime" / "__init__.py"
    assert found["package"] == str(package)


def test_a_daily_run_from_the_build_publishes_its_date(mwaa, account):
    mwaa.airflow("dags", "test", "retime_traffic", str(DAY))

    records = read_landing(account.s3, account.name, PREFIX)
    expected = oracle(records, DAY, DAY)
    rows = [typed_row(row) for row in account.query("SELECT * FROM traffic")]
    assert rows
    assert_rows_equal(rows, expected.all_rows)
