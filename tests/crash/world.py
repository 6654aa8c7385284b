"""An account with parcels of three days, what is published of them, and how it is read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from retime.aws import Clients, is_hidden
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.model import DataSet, Layout
from retime.dataset.reader import load_data_sets
from retime.dataset.settings import read_settings, resolve_location
from retime.published.clean_up import clean_up
from retime.published.generations import GENERATION
from tests.crash.runs import Run
from tests.end_to_end.pipeline import INCLUDE, Pipeline
from tests.landed_records import arrival_path

NAME = "parcels"
DAYS = [date(2024, 10, 1), date(2024, 10, 2), date(2024, 10, 3)]
NEXT_DAY = date(2024, 10, 4)
LATER = timedelta(days=60)
_GENERATION = re.compile(f"v=({GENERATION})/")
Parcels = dict[date, frozenset[str]]
"""The parcels of each day."""

# Which parcels land when: with the days' own, then late ones of all three days, and later ones.
FIRST, LATE, LATEST = 0, 1, 2
LANDINGS = 150
"""How many land before a day's max lateness is over."""


def parcels(*landings: int, is_next: bool = False) -> Parcels:
    """Return the parcels of each day, of some landings and maybe of the day after."""
    found = {day: frozenset(_name(day, n) for n in landings) for day in DAYS}
    return {**found, NEXT_DAY: frozenset([_name(NEXT_DAY, FIRST)])} if is_next else found


@dataclass(slots=True)
class World:
    """The account; its published and raw tables can be as they were."""

    account: Pipeline
    layout: Layout
    data_set: DataSet = field(init=False)
    folder: Path = field(init=False)

    def set_up(self, folder: Path) -> dict[str, str]:
        """Create everything; return the environment of the tasks."""
        self.folder = folder
        self.account.set_up()
        self.data_set = _data_set(folder / "include", self.layout)
        self.account.query(
            f"""CREATE EXTERNAL TABLE {NAME}_raw (
                parcel string, delivered_at string, weight_kg double, depot string
            ) PARTITIONED BY (year bigint, month bigint, day bigint, hour bigint)
            STORED AS PARQUET LOCATION 's3://{self.account.name}/{NAME}_raw/'"""
        )
        return {**self.account.settings, "RETIME_INCLUDE": str(folder / "include")}

    def land(self, landing: int) -> None:
        """Let parcels arrive, each landing in an hour of its own."""
        if landing == FIRST:
            self._land_whole(DAYS)
        else:
            self._put(at(NEXT_DAY, landing), [_parcel(day, landing) for day in DAYS])

    def land_days(self, days: Sequence[date]) -> None:
        """Let dates arrive, each within itself."""
        self._land_whole([*days, days[-1] + timedelta(days=1)])

    def days(self, days: Sequence[date]) -> Parcels:
        """Return what readers see of such dates."""
        return {day: frozenset([_name(day, FIRST)]) for day in days}

    def land_next_day(self) -> None:
        """Let the day after arrive."""
        self._land_whole([NEXT_DAY])

    def run(self, run_id: str, now: datetime, **given: Any) -> Run:
        """Return a run of the data set: with `conf`, or of the schedule for a `day`."""
        return Run(data_set=self.data_set, run_id=run_id, folder=self.folder, now=now, **given)

    def log_of(self, run: Run) -> str:
        """Return the end of what a run logged."""
        return (self.folder / f"{run.run_id}.log").read_text()[-4000:]

    def read(self) -> Parcels:
        """Return the parcels that a reader of the table sees, each as often as it has rows."""
        rows = self.account.query(f"SELECT parcel, day FROM {NAME}")
        names = [str(row["parcel"]) for row in rows]
        assert len(set(names)) == len(names), f"read twice: {sorted(names)}"
        found: dict[date, set[str]] = {}
        for row in rows:
            found.setdefault(date(2024, 10, int(row["day"] or 0)), set()).add(str(row["parcel"]))
        return {day: frozenset(names) for day, names in sorted(found.items())}

    def check(self, *, is_between: bool = False) -> None:
        """See that every partition lies where its ledger says, whole.

        Args:
            is_between: a publication may be under way: the plain folders are not looked at.
        """
        sizes = {key: size for key, size in self._objects().items() if not is_hidden(key)}
        for table in (NAME, f"{NAME}_quarantine"):
            if table not in self.account.tables():
                continue
            ledgers = self.account.ledgers(table)
            for values, record in self.account.partitions(table).items():
                ledger = ledgers[values]
                place = record["StorageDescriptor"]["Location"]
                prefix = place.removeprefix(f"s3://{self.account.name}/")
                found = {key: size for key, size in sizes.items() if key.startswith(prefix)}
                own = {key: size for key, size in found.items() if ledger.generation in key}
                assert sum(own.values()) == ledger.bytes, (place, ledger, found)
                if is_between:
                    continue
                assert found == own, (place, ledger)
                is_plain = "/v=" not in place
                assert is_plain == (self.layout == "hive" and table == NAME), place

    def pinned(self) -> set[bool]:
        """Return whether partitions are pinned: one value if all are alike."""
        return {ledger.is_pinned for ledger in self.account.ledgers(NAME).values()}

    def clean_up_later(self) -> None:
        """Clean up twice, long after: only what is published is left."""
        now = datetime(2025, 1, 1, tzinfo=timezone.utc)
        for _ in range(2):
            now += LATER
            clean_up(self.deployment, now)
        assert not [table for table in self.account.tables() if "__" in table]
        tables = (NAME, f"{NAME}_quarantine")
        records = [record for table in tables for record in self.account.partitions(table).values()]
        places = " ".join(record["StorageDescriptor"]["Location"] for record in records)
        left = {found[1] for key in self._objects() if (found := _GENERATION.search(key))}
        assert left <= {found[1] for found in _GENERATION.finditer(places)}

    @property
    def deployment(self) -> Deployment:
        """The data set, with clients of this process."""
        given = {
            name.removeprefix("RETIME_").lower(): v for name, v in self.account.settings.items()
        }
        clients = Clients(s3=self.account.s3, glue=self.account.glue, athena=self.account.athena)
        return deploy(
            self.data_set,
            read_settings(given.get),
            clients,
            lambda location: resolve_location(location, given.get),
        )

    def snapshot(self) -> Snapshot:
        """Return all tables and objects, to be restored."""
        objects = {
            key: self.account.s3.get_object(Bucket=self.account.name, Key=key)["Body"].read()
            for key in self._objects()
        }
        tables = {}
        for name in self.account.tables():
            table = self.account.glue.get_table(DatabaseName=self.account.database, Name=name)
            tables[name] = (table["Table"], list(self.account.partitions(name).values()))
        return Snapshot(objects=objects, tables=tables)

    def restore(self, snapshot: Snapshot) -> None:
        """Have the tables and objects that there were, and no others."""
        s3, glue, database = self.account.s3, self.account.glue, self.account.database
        there = self._objects()
        others = [{"Key": key} for key in there if key not in snapshot.objects]
        if others:
            s3.delete_objects(Bucket=self.account.name, Delete={"Objects": others})
        for key, body in snapshot.objects.items():
            # No object is ever replaced by another one.
            if there.get(key) != len(body):
                s3.put_object(Bucket=self.account.name, Key=key, Body=body)
        for name in self.account.tables():
            glue.delete_table(DatabaseName=database, Name=name)
        for name, (table, partitions) in snapshot.tables.items():
            kept = ("Name", "TableType", "PartitionKeys", "StorageDescriptor", "Parameters")
            given = {key: table[key] for key in kept if key in table}
            glue.create_table(DatabaseName=database, TableInput=given)
            inputs = [
                {key: p[key] for key in ("Values", "StorageDescriptor", "Parameters") if key in p}
                for p in partitions
            ]
            if inputs:
                glue.batch_create_partition(
                    DatabaseName=database, TableName=name, PartitionInputList=inputs
                )
        for file in (*self.folder.glob("*.json"), *self.folder.glob("*.log")):
            file.unlink()

    def _land_whole(self, days: Sequence[date]) -> None:
        for day in days:
            self._put(at(day, 21), [_parcel(day, FIRST)])

    def _objects(self) -> dict[str, int]:
        pages = self.account.s3.get_paginator("list_objects_v2").paginate(Bucket=self.account.name)
        entries = [entry for page in pages for entry in page.get("Contents", ())]
        return {e["Key"]: e["Size"] for e in entries if not e["Key"].startswith("results/")}

    def _put(self, hour: datetime, events: Sequence[Mapping[str, Any]]) -> None:
        # One that is not published keeps the hour.
        told = f"{hour:%Y-%m-%dT%H:%M:%SZ}"
        test = {"parcel": f"test-{told}", "delivered_at": told, "weight_kg": 1.0, "depot": "test"}
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist([*events, test]), sink)
        self.account.s3.put_object(
            Bucket=self.account.name,
            Key=f"{NAME}_raw/{arrival_path(hour)}{hour:%H}.parquet",
            Body=sink.getvalue().to_pybytes(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Objects by their keys; tables with their partitions, as the catalog has them."""

    objects: Mapping[str, bytes]
    tables: Mapping[str, tuple[Mapping[str, Any], list[Any]]]


def _data_set(include: Path, layout: Layout) -> DataSet:
    (include / "datasets").mkdir(parents=True)
    given = yaml.safe_load((INCLUDE / "datasets" / "deliveries.yaml").read_text())
    published = {"table": NAME, "location": f"s3://${{published_bucket}}/{NAME}/"}
    quarantine = {
        "table": f"{NAME}_quarantine",
        "location": f"s3://${{published_bucket}}/{NAME}_quarantine/",
    }
    described = {
        **given,
        "name": NAME,
        "timezone": "UTC",
        "raw": {"table": f"{NAME}_raw", "location": f"s3://${{raw_bucket}}/{NAME}_raw/"},
        "events": {**given["events"], "max_lateness_hours": 240},
        "published": {**given["published"], **published, "layout": layout},
        "quarantine": {**given["quarantine"], **quarantine},
    }
    (include / "datasets" / f"{NAME}.yaml").write_text(yaml.safe_dump(described))
    shutil.copytree(INCLUDE / "sql" / "deliveries", include / "sql" / NAME)
    (data_set,) = load_data_sets([include]).right
    return data_set


def at(day: date, hour: int = 0) -> datetime:
    """Return an hour of a date; of all dates here the clock is UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return midnight + timedelta(hours=hour)


def _name(day: date, landing: int) -> str:
    return f"{day:%m%d}-{landing}"


def _parcel(day: date, landing: int) -> dict[str, Any]:
    delivered = at(day, 20) + timedelta(minutes=landing)
    return {
        "parcel": _name(day, landing),
        "delivered_at": f"{delivered:%Y-%m-%dT%H:%M:%SZ}",
        "weight_kg": 20.0 + landing,
        "depot": "gent",
    }
