"""`python -m bench.plain_duckdb <folder> < <run of bench.local_athena>`: the same SQL in DuckDB.

From files to files, with the settings of the local Athena's DuckDB, and none of its code.
"""

import sys
import tempfile
import time
from pathlib import Path

import duckdb

from bench.measured import Measured, peak_bytes, read_measured, summary_sql

# What Trino's text needs to mean the same in DuckDB. Whole numbers divide to whole numbers there.
_REWRITES = {
    "TRY(FROM_ISO8601_TIMESTAMP(": "(TRY_CAST_INSTANT(",
    "event_time / 1000": "event_time // 1000",
    "speed_sum * 12 / NULLIF": "speed_sum * 12 // NULLIF",
}
_MACROS = (
    "TO_UNIXTIME(x) AS epoch(x)",
    "FROM_UNIXTIME(x) AS to_timestamp(x)",
    "TRY_CAST_INSTANT(x) AS TRY_CAST(x AS TIMESTAMPTZ)",
)
_KEYS = ("year", "month", "day", "hour")


def main() -> None:
    """Run once and print what was measured, as JSON."""
    theirs = read_measured(sys.stdin.read())
    query = _translate(theirs.sql)
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{scratch}/spill'")
        for name, value in theirs.settings.items():
            connection.execute(f"SET {name} = '{value}'")
        _create_view(connection, Path(sys.argv[1]))
        started, cpu_started = time.perf_counter(), time.process_time()
        connection.execute(
            f"COPY ({query}) TO '{scratch}/rows' "
            f"(FORMAT parquet, COMPRESSION snappy, PARTITION_BY ({', '.join(_KEYS)}))"
        )
        seconds = time.perf_counter() - started
        cpu_seconds = time.process_time() - cpu_started
        peak = peak_bytes()
        written = f"read_parquet('{scratch}/rows/**/*.parquet', hive_partitioning = true)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {written}").fetchall()
        columns = [row[0] for row in described if row[0] not in _KEYS]
        rows = connection.execute(summary_sql(written, columns)).fetchall()
    measured = Measured(
        seconds={"stage": seconds},
        cpu_seconds=cpu_seconds,
        partitions=[tuple(map(str, row)) for row in rows],
        peak_bytes=peak,
        sql=query,
        settings=theirs.settings,
    )
    print(measured.to_json())


def _translate(statement: str) -> str:
    query = statement[statement.index("WITH") :]
    for trino, ours in _REWRITES.items():
        if trino not in query:
            raise ValueError(f"the statement has no {trino!r} any more; mend _REWRITES")
        query = query.replace(trino, ours)
    return query


def _create_view(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for macro in _MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    types = ", ".join(f"'{key}': VARCHAR" for key in _KEYS)
    connection.execute("CREATE SCHEMA retime")
    connection.execute(
        'CREATE VIEW retime.traffic_raw AS SELECT *, filename AS "$path" FROM read_parquet('
        f"'{folder}/*/*/*/*/*.parquet', filename = true, hive_partitioning = true, "
        f"hive_types = {{{types}}})"
    )


if __name__ == "__main__":
    main()
