"""A data set of another kind: YAML and SQL of its own, not a line of Python."""

import shutil
from datetime import date

import pytest

from tests.end_to_end.parcels_landed import HOURS, declare_raw_table, land
from tests.end_to_end.pipeline import INCLUDE, Pipeline


@pytest.fixture
def deliveries(pipeline: Pipeline) -> Pipeline:
    """A declared raw table with numeric keys, and parcels around the night of a clock change."""
    pipeline.data_set = "deliveries"
    declare_raw_table(pipeline)
    # 27 October 2024 has 25 hours in Brussels: it begins at 22:00 UTC and ends at 23:00 UTC.
    land(pipeline, HOURS[0], ("a", "2024-10-26T23:59:59+02:00", 3.0, "gent"))
    land(pipeline, HOURS[1], ("b", "2024-10-27T00:00:00+02:00", 31.5, "gent"))
    land(
        pipeline,
        HOURS[26],
        ("c", "2024-10-27T23:59:59+01:00", None, "aalst"),
        ("c", "2024-10-27T22:59:59Z", 12.0, "aalst"),
        ("t", "2024-10-27T22:00:00Z", 1.0, "test"),
    )
    land(pipeline, HOURS[27], ("d", "2024-10-28T00:00:00+01:00", 8.0, "aalst"))
    land(pipeline, HOURS[50], ("e", "2024-10-27T12:00:00+01:00", 30.0, "gent"))
    land(pipeline, HOURS[55], ("f", "2024-10-29T03:00:00+01:00", 30.0, "gent"))
    return pipeline


def test_it_is_built_by_its_local_days_from_yaml_and_sql_alone(deliveries) -> None:
    report = deliveries.succeed(start_date="2024-10-26", end_date="2024-10-28")

    rows = deliveries.query("SELECT * FROM deliveries ORDER BY parcel")
    assert [
        (r["parcel"], r["delivered_at"], r["weight_kg"], r["is_heavy"], r["day"]) for r in rows
    ] == [
        ("a", "2024-10-26 21:59:59.000", "3.0", "false", "26"),
        ("b", "2024-10-26 22:00:00.000", "31.5", "true", "27"),
        ("c", "2024-10-27 22:59:59.000", "12.0", "false", "27"),
        ("d", "2024-10-27 23:00:00.000", "8.0", "false", "28"),
        ("e", "2024-10-27 11:00:00.000", "30.0", "false", "27"),
    ]
    assert set(deliveries.partitions("deliveries")) == {
        ("2024", "10", str(d)) for d in (26, 27, 28)
    }
    assert report["slices"] == 1
    assert (report["duplicates"], report["filtered"], report["late"]) == (1, 1, 1)


def test_a_failed_audit_leaves_the_table_as_it_was_and_shows_three_rows(deliveries, capfd) -> None:
    day = date(2024, 10, 27)
    deliveries.succeed(start_date=str(day))
    before = deliveries.query("SELECT * FROM deliveries ORDER BY parcel")
    bad = [(f"x{n}", f"2024-10-27T10:00:0{n}+01:00", -1.0, "gent") for n in range(5)]
    land(deliveries, HOURS[13], *bad)

    run = deliveries.run(start_date=str(day))

    assert run.state == "failed"
    assert run.states["slice.audit", 0] == "failed"
    assert run.states["slice.publish", 0] == "upstream_failed"
    said = capfd.readouterr().out
    assert "weights_are_positive: 5 bad rows, for example: parcel x0 of -1.0 kg | " in said
    assert "parcel x2 of -1.0 kg" in said
    assert "parcel x3" not in said
    assert deliveries.query("SELECT * FROM deliveries ORDER BY parcel") == before


def test_a_value_that_its_column_cannot_hold_is_shown_and_not_published(deliveries, capfd) -> None:
    deliveries.succeed(start_date="2024-10-27")
    before = deliveries.query("SELECT * FROM deliveries ORDER BY parcel")
    land(deliveries, HOURS[14], ("heavy", "2024-10-27T10:00:00+01:00", 1000.0, "gent"))

    run = deliveries.run(start_date="2024-10-27")

    assert run.states["slice.stage", 0] == "failed"
    said = (
        "weight_kg is decimal(4,1), which cannot hold 1.0E3, in the row parcel=heavy, depot=gent, "
        "delivered_at=2024-10-27 09:00:00.000, weight_kg=1.0E3, is_heavy=true, event_count=1\n"
        "A retry cannot help; fix the SQL or the data."
    )
    assert said in capfd.readouterr().out
    assert deliveries.query("SELECT * FROM deliveries ORDER BY parcel") == before


def test_a_plan_of_sql_that_athena_refuses_fails_with_its_line(
    deliveries, tmp_path, monkeypatch, capfd
) -> None:
    include = shutil.copytree(INCLUDE, tmp_path / "include")
    transform = include / "sql" / "deliveries" / "transform.sql"
    transform.write_text(transform.read_text().replace("    depot,", "    depo,"))
    monkeypatch.setenv("RETIME_INCLUDE", str(include))

    run = deliveries.run(start_date="2024-10-27", plan_only=True)

    assert run.state == "failed"
    assert run.states["plan", -1] == "failed"
    said = capfd.readouterr().out
    assert "Column 'depo' cannot be resolved" in said
    assert f"{transform}, line 4" in said


def test_slices_of_daily_partitions_are_a_hundred_days(deliveries) -> None:
    run = deliveries.run(start_date="2024-10-26", end_date="2025-03-01", plan_only=True)

    assert run.state == "success"
