"""After a change of the transformation only the dates that it has outdated are built again."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from demo.environment import ROOT
from demo.landing import land_records
from tests.end_to_end.events import CRAWLER, DAY, HOUR, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline

DAYS = 14
NAME = "traffic_points"


def write_data_set(include: Path, points: list[int]) -> None:
    """The traffic data set under another name, for some measuring points."""
    given = yaml.safe_load((ROOT / "include" / "datasets" / "traffic.yaml").read_text())
    given |= {"name": NAME, "parameters": {"points": points}}
    for key, table in (("published", "points"), ("quarantine", "points_quarantine")):
        location = f"s3://${{published_bucket}}/{table}/"
        given[key] = {**given[key], "table": table, "location": location}
    (include / "datasets").mkdir(parents=True, exist_ok=True)
    (include / "datasets" / f"{NAME}.yaml").write_text(yaml.safe_dump(given))


@pytest.fixture
def include(tmp_path: Path, pipeline: Pipeline, monkeypatch) -> Path:
    """Two weeks with an event of each of two points a date, and the data set for one of them."""
    shutil.copytree(ROOT / "include" / "sql" / "traffic", tmp_path / "sql" / NAME)
    write_data_set(tmp_path, [32])
    monkeypatch.setenv("RETIME_INCLUDE", str(tmp_path))
    for day in range(DAYS + 1):
        records = [event(24 * 60 * day + 1, point) for point in (32, 37)]
        land_records(pipeline.s3, pipeline.name, PREFIX, records, MIDNIGHT + 24 * day * HOUR)
    pipeline.crawl_from(CRAWLER, pipeline.name, PREFIX)
    pipeline.data_set = NAME
    return tmp_path


def test_a_change_of_the_points_outdates_all_dates_and_only_outdated_ones_are_built(
    pipeline, include
) -> None:
    last, built_again = DAY + timedelta(days=DAYS - 1), DAY + timedelta(days=7)
    all_dates = {"start_date": str(DAY), "end_date": str(last)}
    pipeline.succeed(**all_dates)
    write_data_set(include, [32, 37])
    pipeline.succeed(start_date=str(DAY), end_date=str(built_again))
    before = pipeline.partitions("points")
    assert len(pipeline.query("SELECT * FROM points")) == DAYS + 8

    planned = pipeline.run(only="outdated", plan_only=True, **all_dates)
    report = pipeline.succeed(only="outdated", **all_dates)

    assert planned.states["announce", -1] == "skipped"
    # 6 dates by the hour, from where the week that was built again ends.
    assert report["slices"] == 2
    after = pipeline.partitions("points")
    assert len(pipeline.query("SELECT * FROM points")) == 2 * DAYS
    assert len({ledger.fingerprint for ledger in pipeline.ledgers("points").values()}) == 1
    dates = [DAY + timedelta(days=n) for n in range(8)]
    kept = {v for v in before if v[1:3] in {(str(d.month), str(d.day)) for d in dates}}
    assert len(kept) == 8 * 24
    assert {v: after[v] for v in kept} == {v: before[v] for v in kept}
    assert pipeline.succeed(only="outdated", **all_dates)["slices"] == 0
