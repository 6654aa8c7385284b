"""Builds to publish, and a Glue that refuses a part of what it is asked."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import HOURLY
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet, Table
from retime.published.ledger import Ledger
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.results import PartitionCounts
from tests.accounts import Account
from tests.unit.samples import TRAFFIC, days, utc

COLUMNS = {"uniqueid": "int"}
TABLE = Table(
    name="traffic",
    location="s3://b/traffic/",
    columns={"uniqueid": "int", "speed": "double"},
    partitioning=HOURLY,
)
DAY = days("2024-03-28")
NOW = utc(2024, 4, 10)
RETENTION = timedelta(days=30)
FIRST_LANDED = utc(2024, 3, 1)
ALL_LANDED = utc(2024, 4, 2)
EVERY_HOUR = set(range(24))
REFUSAL = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try again"}


def publication(
    *hours: int,
    number: int = 1,
    slice_: Slice = DAY,
    first_hour: datetime = FIRST_LANDED,
    until: datetime = ALL_LANDED,
    data_set: DataSet = TRAFFIC,
    table: Table = TABLE,
    landed: tuple[ArrivalWindow, ...] = (),
) -> Publication:
    """The `number`th generation, with rows in some hours of the slice's first date."""
    generation = f"2024040{number}t000000z_0000000{number}"
    first = slice_.first_date
    return Publication(
        table=table,
        generation=generation,
        location=f"{table.location}v={generation}/",
        rows={(first.year, first.month, first.day, hour): 10 * hour + 1 for hour in hours},
        events={(first.year, first.month, first.day, hour): 10 * hour + 2 for hour in hours},
        wanted=data_set.windows_of(slice_),
        own=data_set.own_windows_of(slice_),
        read=ArrivalWindow(start=first_hour, end=until),
        landed=landed or (ArrivalWindow(start=first_hour, end=until),),
        fingerprint="0123456789abcdef",
        run_id="manual__1",
        query_id=f"query-{number}",
    )


def a_ledger(*, built: ArrivalWindow | None = None, **changes: Any) -> Ledger:
    """The ledger of a partition that was built from a window, and searched as far."""
    window = built or ArrivalWindow(start=FIRST_LANDED, end=ALL_LANDED)
    read = {"built_from": window.start.isoformat(), "built_through": window.end.isoformat()}
    made = {
        **dict.fromkeys(("run_id", "query_id", "previous_location"), ""),
        "generation": "20240401t000000z_00000001",
        "fingerprint": "0123456789abcdef",
        "rows": 0,
        "bytes": 0,
        "events": 0,
        "published_at": "2024-04-10T00:00:00+00:00",
        "checked_through": window.end.isoformat(),
        **read,
        **changes,
    }
    return Ledger(**made)


def published_table(account: Account, **others: Any) -> Table:
    """The published table of an account's bucket."""
    location = f"s3://{account.bucket}/traffic/"
    return Table(name="traffic", location=location, columns=COLUMNS, partitioning=HOURLY, **others)


def stage(
    account: Account, table: Table, *hours: int, number: int = 1, **changes: Any
) -> Publication:
    """A build whose files are on S3: two for each partition."""
    made = replace(publication(*hours, number=number, table=table), **changes)
    for partition in made.rows:
        path = f"traffic/v={made.generation}/{HOURLY.folder(partition)}"
        account.put(f"{path}1.parquet", f"{path}2.parquet", body=b"12345")
    return made


def of_hours(made: Publication, *hours: int) -> Publication:
    """A build of a slice of which there are only some hours."""
    return replace(made, wanted={p: w for p, w in made.wanted.items() if p[-1] in hours})


def publish(account: Account, made: Publication) -> PartitionCounts:
    return repoint_partitions(account.clients, account.database, made, now=NOW, retention=RETENTION)


def partitions(account: Account) -> dict[str, dict[str, Any]]:
    """The published partitions by hour."""
    pages = account.clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=account.database, TableName="traffic"
    )
    found = [partition for page in pages for partition in page["Partitions"]]
    return {partition["Values"][-1]: partition for partition in found}


def with_rows(found: dict[str, dict[str, Any]]) -> set[str]:
    """Those of the published partitions that have rows, by their ledgers."""
    return {hour for hour, p in found.items() if p["Parameters"].get("retime.rows") != "0"}


class Refusing:
    """A Glue client that refuses some entries of one batch call, a number of times."""

    def __init__(self, glue: Any, call: str, entry: str, hours: Iterable[str], times: int) -> None:
        self._glue, self._call, self._entry = glue, call, entry
        self._hours, self._times = hours, times
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return self._refuse if name == self._call else getattr(self._glue, name)

    def _refuse(self, **arguments: Any) -> Any:
        self.calls += 1
        if self.calls > self._times:
            return getattr(self._glue, self._call)(**arguments)
        (key,) = (key for key, value in arguments.items() if isinstance(value, list))
        named = [(e.get("PartitionValueList") or e["Values"], e) for e in arguments[key]]
        refused = [values for values, _ in named if values[-1] in self._hours]
        arguments[key] = [entry for values, entry in named if values not in refused]
        errors = [{self._entry: values, "ErrorDetail": REFUSAL} for values in refused]
        done = getattr(self._glue, self._call)(**arguments) if arguments[key] else {}
        return {"Errors": [*done.get("Errors", []), *errors]}


def refusing(account: Account, call: str, entry: str, hours: Iterable[str], times: int) -> Account:
    """An account whose Glue refuses some entries of one batch call, a number of times."""
    glue = Refusing(account.clients.glue, call, entry, hours, times)
    return replace(account, clients=replace(account.clients, glue=glue))
