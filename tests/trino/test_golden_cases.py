"""The golden cases on real Trino: what is expected, and to the bit what DuckDB stages."""

from dataclasses import replace

import pytest

from tests.golden.cases import FOLDERS, QUARANTINE, STAGING, read_case
from tests.golden.executed import built, check
from tests.trino.stored_rows import stored_rows


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_case_gives_the_expected_rows_and_those_of_duckdb(engines, folder):
    case = read_case(folder)
    results = {name: built(clients, case) for name, clients in engines.items()}
    check(case, results["trino"])
    for table in (STAGING, QUARANTINE):
        stored = {}
        for name, result in results.items():
            bucket = result["database"]
            rows = stored_rows(engines[name].s3, bucket, f"{table}/")
            # The paths of raw objects are among the values.
            stored[name] = [row.replace(bucket, "golden") for row in rows]
        assert stored["trino"] == stored["duckdb"]
    reports = [result["report"] for result in results.values()]
    # Late events have no order.
    first, second = (
        replace(report, late_beyond=sorted(report.late_beyond, key=repr)) for report in reports
    )
    assert first == second
