"""Events with keys and orders of every type: of each key the latest is staged, and nothing else.

Staging is tried with lists of one to three columns for `deduplicate.by` and for
`deduplicate.latest`, of all types that raw fields have, read by each macro.
"""

import json
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from demo.environment import REGION
from retime.calendar.partitioning import UNITS
from retime.dataset.reader import load_data_set
from retime.published import tables as catalog
from retime.raw import partitions
from retime.raw.table import read_raw_table
from retime.statements import rendering as sql
from retime.statements.rendering import SliceSource
from tests.golden.executed import create_raw, query
from tests.landed_records import arrival_path
from tests.unit.samples import TRAFFIC, days, landed_hours

HOUR = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)
DAY = days("2024-05-01")
# Of each column: its raw type, the macro that reads it, and values of JSON, in their order.
COLUMNS: Mapping[str, tuple[str, str, list[Any]]] = {
    "a_text": ("string", "string", ["", "A", "a", "é", "日"]),
    "a_flag": ("boolean", "", [False, True]),
    "a_tiny": ("tinyint", "", [-128, 0, 127]),
    "a_small": ("smallint", "", [-32768, 0, 32767]),
    "a_number": ("int", "whole", [-(2**31), 0, 2**31 - 1]),
    "a_big": ("bigint", "whole", [-(2**63), 0, 2**63 - 1]),
    "a_real": ("float", "", [-1.5, 0.25, 3.0]),
    "a_double": ("double", "number", [-1e300, -0.5, 1e-300, 7.0]),
    "a_decimal": ("decimal(20,3)", "", [-1.001, 0.002, 10.0]),
    "a_date": ("date", "", ["1969-12-31", "2024-02-29", "2024-05-01"]),
    "a_time": ("timestamp", "", ["2024-05-01 08:59:59.999", "2024-05-01 09:00:00.000"]),
    "a_whole_text": ("string", "whole", ["-7", " 10 ", "200"]),
    "a_number_text": ("string", "number", ["-Infinity", "1e3", "2000", "NaN"]),
    "an_instant": ("string", "instant", ["2024-05-01T10:00:00+02:00", "2024-05-01T09:00:00Z"]),
}
EVENTS, LISTS = 400, 2 * len(COLUMNS)
YAML = """
name: kinds
description: Events with columns of every type
start_date: 2024-05-01
timezone: UTC
grain: day
raw: {{table: raw, location: "s3://raw/raw/"}}
events:
  deduplicate: {{by: [{by}, event_time], latest: [{latest}]}}
  earliest: 2024-01-01
  max_lateness_hours: 24
published:
  table: kinds
  location: s3://published/kinds/
  event_time: event_time
  columns: {{number: bigint, event_time: bigint}}
quarantine: {{table: unusable, location: "s3://published/unusable/", max_percent: 100}}
"""
TRANSFORM = "SELECT number, event_time, 1 AS event_count FROM events"


def events_sql() -> str:
    """Every column, read by its macro, or as it is."""
    columns = ",\n".join(
        f"{{{{ {macro}('{name}') }}}} AS {name}" if macro else name
        for name, (_, macro, _) in COLUMNS.items()
    )
    return f"""SELECT {{{{ arrival }}}}, '' AS record, "number", event_time, TRUE AS is_kept,
{columns}
FROM {{{{ raw }}}} WHERE {{{{ arrived }}}}"""


def records() -> list[dict[str, Any]]:
    """Events whose columns have each value many times, and some times none."""
    chosen = random.Random(1)
    return [
        {
            "number": number,
            "event_time": int(HOUR.timestamp()) + number % 2,
            **{
                name: None if chosen.random() < 0.1 else chosen.choice(values)
                for name, (_, _, values) in COLUMNS.items()
            },
        }
        for number in range(EVENTS)
    ]


def lists() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Pairs of a key and an order: each column alone as both, and others as it comes."""
    chosen = random.Random(2)
    names = list(COLUMNS)
    found = []
    for number in range(LISTS):
        alone = names[number // 2 % len(names)]
        others = chosen.sample([name for name in COLUMNS if name != alone], 4)
        longer = (others[0], *others[2 : 2 + number % 3])
        found.append(((alone,), longer) if number % 2 else (longer, (alone,)))
    return found


def latest_of_each_key(
    given: Sequence[Mapping[str, Any]], by: Sequence[str], latest: Sequence[str]
) -> list[set[int]]:
    """The numbers of the events that may stand for a key; several where they are alike in order."""
    keys: dict[tuple[Any, ...], dict[tuple[int, ...], set[int]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for event in given:
        key = tuple(event[name] for name in (*by, "event_time"))
        order = tuple(
            -1 if event[name] is None else COLUMNS[name][2].index(event[name]) for name in latest
        )
        if None not in key:
            keys[key][order].add(event["number"])
    return [orders[max(orders)] for orders in keys.values()]


@pytest.fixture(scope="module")
def given() -> list[dict[str, Any]]:
    """The events that have landed."""
    return records()


@pytest.fixture(scope="module")
def account(aws, given) -> Iterator[SimpleNamespace]:
    """Clients, and a database with the events in two raw tables: of JSON and of Parquet."""
    s3, glue, athena = aws.client("s3"), aws.client("glue", REGION), aws.client("athena", REGION)
    name = f"kinds{uuid.uuid4().hex[:8]}"
    account = SimpleNamespace(s3=s3, glue=glue, athena=athena, name=name)
    types = {"number": "bigint", "event_time": "bigint"}
    types |= {column: kind for column, (kind, _, _) in COLUMNS.items()}
    keys = dict.fromkeys(UNITS, "bigint")
    create_raw(account, name, "raw_json", types, keys, is_json=True)
    body = "".join(f"{json.dumps(event)}\n" for event in given).encode()
    s3.put_object(Bucket=name, Key=f"raw/{arrival_path(HOUR)}events", Body=body)
    table = read_raw_table(glue, name, replace(TRAFFIC.raw, table="raw_json"))
    missing = partitions.missing_folders(glue, table, landed_hours([HOUR]))
    partitions.register_folders(glue, table, missing, f"s3://{name}/raw/")
    listed = ", ".join(f"'{key}'" for key in keys)
    query(
        account,
        name,
        f"CREATE TABLE raw_parquet WITH (format = 'PARQUET', partitioned_by = ARRAY[{listed}], "
        f"external_location = 's3://{name}/raw_parquet/') AS SELECT * FROM raw_json",
    )
    return account


@pytest.mark.parametrize("number", range(LISTS))
def test_of_each_key_the_latest_event_is_staged(account, given, tmp_path, number):
    by, latest = lists()[number]
    (tmp_path / "datasets").mkdir()
    (tmp_path / "sql" / "kinds").mkdir(parents=True)
    (tmp_path / "sql" / "kinds" / "events.sql").write_text(events_sql())
    (tmp_path / "sql" / "kinds" / "transform.sql").write_text(TRANSFORM)
    path = tmp_path / "datasets" / "kinds.yaml"
    path.write_text(YAML.format(by=", ".join(by), latest=", ".join(latest)))
    data_set, name = load_data_set(path), account.name
    raw_name = ("raw_json", "raw_parquet")[number // 2 % 2]
    raw = read_raw_table(account.glue, name, replace(data_set.raw, table=raw_name))
    source = SliceSource(data_set=data_set, raw=raw, slice_=DAY, window=data_set.window_of(DAY))
    staging, table = f"kinds_{number}", data_set.published
    location = f"s3://{name}/{staging}/"
    catalog.create_staging_table(
        account.glue, name, staging, location, table.staged_columns, table.partitioning
    )

    query(account, name, sql.render_stage(source, f'"{name}"."{staging}"'))

    found = query(account, name, f"SELECT number FROM {staging}")
    staged = [int(row["number"] or -1) for row in found]
    expected = latest_of_each_key(given, by, latest)
    assert len(staged) == len(expected)
    assert [numbers for numbers in expected if len(numbers & set(staged)) != 1] == []
