"""The published columns change: new ones are added, anything else is refused before it costs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.parcels_landed import HOURS, declare_raw_table, land
from tests.end_to_end.pipeline import INCLUDE, Pipeline

DAYS = {"start_date": "2024-10-27", "end_date": "2024-10-28"}
LAST = {"start_date": "2024-10-28"}


@pytest.fixture
def change(pipeline: Pipeline, tmp_path: Path, monkeypatch) -> Callable[[str, str, str], None]:
    """Two days are published; gives what changes a column of the data set and of its SQL."""
    shutil.copytree(INCLUDE, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("RETIME_INCLUDE", str(tmp_path))
    pipeline.data_set = "deliveries"
    declare_raw_table(pipeline)
    land(pipeline, HOURS[0], ("a", "2024-10-26T23:59:59+02:00", 3.0, "gent"))
    land(pipeline, HOURS[10], ("b", "2024-10-27T08:00:00+01:00", 31.5, "gent"))
    land(pipeline, HOURS[40], ("c", "2024-10-28T08:00:00+01:00", 8.0, "aalst"))
    land(pipeline, HOURS[55], ("d", "2024-10-29T03:00:00+01:00", 30.0, "gent"))
    pipeline.succeed(**DAYS)

    def change(column: str, type_: str, expression: str) -> None:
        path = tmp_path / "datasets" / "deliveries.yaml"
        described = yaml.safe_load(path.read_text())
        described["published"]["columns"][column] = type_
        path.write_text(yaml.safe_dump(described, sort_keys=False))
        sql = tmp_path / "sql" / "deliveries" / "transform.sql"
        text = sql.read_text()
        assert "    1 AS event_count" in text
        sql.write_text(text.replace("    1 AS", f"    {expression} AS {column},\n    1 AS"))

    return change


def read(pipeline: Pipeline) -> list[tuple[str | None, ...]]:
    rows = pipeline.query("SELECT * FROM deliveries ORDER BY parcel")
    return [(row["parcel"], row["weight_kg"], row.get("weight_g", "no column")) for row in rows]


@pytest.mark.parametrize("layout", ["generations", "hive"])
def test_a_new_column_is_added_and_read_as_null_where_nothing_was_built_since(
    pipeline, change, layout, tmp_path
) -> None:
    if layout == "hive":
        path = tmp_path / "datasets" / "deliveries.yaml"
        path.write_text(path.read_text().replace("published:\n", "published:\n  layout: hive\n"))
        pipeline.succeed(**DAYS)
    change("weight_g", "bigint", "CAST(weight_kg * 1000 AS BIGINT)")

    pipeline.succeed(**LAST)

    assert read(pipeline) == [("b", "31.5", None), ("c", "8.0", "8000")]
    # The day before is outdated.
    report = pipeline.succeed(only="outdated", **DAYS)
    assert report["slices"] == 1
    assert read(pipeline) == [("b", "31.5", "31500"), ("c", "8.0", "8000")]


def test_a_column_of_another_type_fails_the_plan_before_a_query_is_paid_for(
    pipeline, change, capfd
) -> None:
    before = read(pipeline), len(queries(pipeline))
    change("is_heavy", "string", "'yes'")

    run = pipeline.run(**LAST)

    assert run.states["plan", -1] == "failed"
    said = capfd.readouterr()
    column = f"the column is_heavy of {pipeline.database}.deliveries"
    assert f"{column} is boolean, the data set says string" in said.out + said.err
    assert (read(pipeline), len(queries(pipeline)) - 1) == before


def queries(pipeline: Pipeline) -> list[str]:
    found = pipeline.athena.list_query_executions(WorkGroup=pipeline.name)
    return list(found["QueryExecutionIds"])
