"""The command `coverage`: what it prints, and how it says what is wrong."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from retime.__main__ import main
from retime.coverage import command
from retime.planning import checkout, reading
from retime.statements.rendering import any_source, fingerprint
from tests import covered_tables
from tests.accounts import Account
from tests.covered_tables import EACH_STATE
from tests.unit.samples import ROOT, TRAFFIC, raw_table

DATES = ("2024-03-25", "2024-03-31")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs the command in this process, in an account without tables."""

    account: Account
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        try:
            code = main(["coverage", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def shell(account: Account, monkeypatch, capsys) -> Shell:
    for name in ("RAW_BUCKET", "PUBLISHED_BUCKET"):
        monkeypatch.setenv(f"RETIME_{name}", account.bucket)
    monkeypatch.setenv("RETIME_DATABASE", account.database)
    monkeypatch.setattr(checkout, "make_clients", lambda: account.clients)
    return Shell(account=account, capsys=capsys)


@pytest.fixture
def week(shell: Shell, monkeypatch) -> Shell:
    """With a table that has a date of each state, and raw of the missing one on S3."""
    monkeypatch.setattr(reading, "fingerprint", lambda _: covered_tables.FINGERPRINT)
    covered_tables.create_week(shell.account.clients.glue, shell.account.database)
    shell.account.put("traffic_raw/year=2024/month=03/day=26/hour=12/a.parquet")
    return shell


def test_the_states_are_printed_a_row_a_date(week):
    code, out, err = week.run("traffic", *DATES)
    assert (code, err) == (0, "")
    rows = out.splitlines()[1:-1]
    assert {row[:10]: row[11:23].strip() for row in rows} == EACH_STATE


def test_s3_says_what_has_landed_and_not_the_catalog(week):
    _, out, _ = week.run("traffic", *DATES, "--json")
    missing = json.loads(out)["dates"][1]
    # What arrived from 12:00 to 13:00 can be of 13:00 by a clock that runs ahead, but not of 14:00.
    assert missing["partitions"] == {"missing": 14, "no raw": 10}


def test_what_is_archived_is_nothing_to_build_from(week):
    week.account.clients.s3.put_object(
        Bucket=week.account.bucket,
        Key="traffic_raw/year=2024/month=03/day=26/hour=12/a.parquet",
        Body=b"x",
        StorageClass="GLACIER",
    )
    code, out, _ = week.run("traffic", *DATES, "--json")
    assert code == 0
    assert json.loads(out)["dates"][1]["state"] == "no raw"


def test_the_dates_are_by_default_from_the_first_built_one_to_yesterday(week, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2024, 4, 2, 12, tzinfo=timezone.utc)

    monkeypatch.setattr(command, "datetime", Clock)
    _, out, _ = week.run("traffic", "--json")
    days = [day["date"] for day in json.loads(out)["dates"]]
    assert (days[0], days[-1], len(days)) == ("2024-03-25", "2024-04-01", 8)


def test_the_page_is_written_to_a_file(week, tmp_path):
    file = tmp_path / "week.html"
    code, out, _ = week.run("traffic", *DATES, "--html", str(file), "--airflow", "http://a:1")
    assert code == 0
    assert "1 missing, 1 late" in out
    assert str(file) in out
    assert '"airflow":"http://a:1/"' in file.read_text()


def test_a_file_that_cannot_be_written_is_an_error(week, tmp_path):
    code, _, err = week.run("traffic", *DATES, "--html", str(tmp_path / "no" / "week.html"))
    assert code == 2
    assert "cannot write the page" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("trafic",), "there is no data set 'trafic'; known data sets: traffic"),
        (("traffic", "2024-02-30"), "'2024-02-30' is no date; give one as 2024-03-28"),
        (("traffic", "2024-03-28", "2024-03-27"), "2024-03-27 is before the first date"),
        (("traffic", "2024-03-28", "2999-01-01"), "2999-01-01 is not over"),
        (("traffic", "--airflow", "javascript:x"), "is no http address"),
    ],
)
def test_a_wrong_command_is_refused(week, arguments, sentence):
    code, out, err = week.run(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_data_set_without_a_table_is_an_error(shell):
    code, _, err = shell.run("traffic")
    assert code == 1
    assert f"{shell.account.database}.traffic is not in the catalog" in err
    assert "retime_traffic creates it" in err


def test_a_table_without_partitions_is_an_error(shell, monkeypatch):
    monkeypatch.setattr(reading, "fingerprint", lambda _: "f")
    glue = shell.account.clients.glue
    covered_tables.create_table(glue, shell.account.database, {})
    covered_tables.create_raw(glue, shell.account.database, [])
    code, _, err = shell.run("traffic")
    assert code == 1
    assert "nothing was built" in err


def test_a_missing_setting_is_named(shell, monkeypatch):
    monkeypatch.delenv("RETIME_DATABASE")
    code, _, err = shell.run("traffic")
    assert code == 1
    assert "RETIME_DATABASE" in err


def test_the_fingerprint_is_of_the_sql_as_it_is(shell):
    """What another version of the SQL built is outdated."""
    glue, database = shell.account.clients.glue, shell.account.database
    raw = replace(raw_table(), database=database)
    today = fingerprint(any_source(TRAFFIC, raw))
    dates = covered_tables.dates_of(last=date(2024, 3, 26))
    ledgers = {
        partition: replace(
            covered_tables.ledger(partition),
            fingerprint=today if partition[2] == 25 else "another",
        )
        for partition in covered_tables.hours_of(dates)
    }
    covered_tables.create_table(glue, database, ledgers)
    covered_tables.create_table(glue, database, {}, name=TRAFFIC.quarantine.name)
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": TRAFFIC.raw.table,
            "PartitionKeys": [
                {"Name": key, "Type": "string"} for key in ("year", "month", "day", "hour")
            ],
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": type_} for name, type_ in raw.columns.items()]
            },
        },
    )
    code, out, err = shell.run("traffic", "2024-03-25", "2024-03-26", "--json")
    assert (code, err) == (0, "")
    assert [day["state"] for day in json.loads(out)["dates"]] == ["settled", "outdated"]


def in_a_shell(endpoint: str, tmp_path: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process that cannot import Airflow."""
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "__init__.py").write_text("raise RuntimeError('no Airflow here')")
    environment = {
        "PYTHONPATH": f"{tmp_path}:{ROOT / 'dags'}",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
        **{f"RETIME_{name}": "b" for name in ("DATABASE", "RAW_BUCKET", "PUBLISHED_BUCKET")},
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", "retime", "coverage", "traffic"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_without_credentials_a_sentence_says_so_and_airflow_is_not_imported(tmp_path):
    done = in_a_shell("http://127.0.0.1:9", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "there are no AWS credentials that work; set a profile, AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or a role (NoCredentialsError)\n"
    )


def test_an_aws_out_of_reach_is_one_sentence(tmp_path):
    secrets = {"AWS_ACCESS_KEY_ID": "local-key", "AWS_SECRET_ACCESS_KEY": "local-secret"}
    done = in_a_shell("http://127.0.0.1:9", tmp_path, **secrets)
    assert done.returncode == 1
    assert done.stderr == (
        "AWS is out of reach; check the network, the region and AWS_ENDPOINT_URL "
        "(EndpointConnectionError)\n"
    )
