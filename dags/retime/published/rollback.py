"""Point published partitions back at their previous generation, and pin them there.

A pinned partition is left as it is by every build, until it is unpinned. Only what a build has
replaced within the retention time is still there, and only in the layout `generations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from retime import aws
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partitions_of
from retime.calendar.slices import Slice
from retime.catalog_changes import adding, make_changes
from retime.dataset.deployment import Deployment
from retime.errors import RunError
from retime.published.changes import change_partitions
from retime.published.clean_up import read_marks
from retime.published.generations import generation_location, staging_table_name
from retime.published.ledger import Ledger, ledger_of, with_ledger
from retime.published.tables import create_staging_table, has_table

Generations = Mapping[Partition, str]
"""The generation of each partition."""

_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A published partition, and the ledger of what it pointed at before."""

    found: aws.CatalogPartition
    ledger: Ledger
    previous: Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a rollback or an unpinning has changed: of its dates, how many partitions."""

    action: str
    slice_: Slice
    partitions: int

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to the report."""
        slice_ = self.slice_.to_json()
        return {"action": self.action, "slice": slice_, "partitions": self.partitions}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Changed:
        """Return what `to_json` made a plain value of."""
        return cls(
            action=value["action"],
            slice_=Slice.from_json(value["slice"]),
            partitions=value["partitions"],
        )


def find_reversals(
    deployment: Deployment, dates: Slice, now: datetime, wanted: Generations | None = None
) -> dict[Partition, Reversal]:
    """Return the published partitions of some dates that can be rolled back, without pinned ones.

    Args:
        deployment: the data set in its environment.
        dates: the dates.
        now: the time.
        wanted: the generation that each is to be pointed back at, if that was planned.

    Raises:
        RunError: some cannot; says which and why. Nothing was changed.
    """
    table = deployment.data_set.published
    if table.layout == "hive":
        raise RunError(
            f"{table.name} has the layout hive, which keeps no previous generation; fix the "
            "transformation and build the dates again"
        )
    is_there = has_table(deployment.clients.glue, deployment.database, table.name)
    found = _read(deployment, dates) if is_there else {}
    built = {date(*partition[:3]) for partition in found}
    problems = [f"{day}: nothing is published" for day in dates.dates if day not in built]
    reversals = {}
    for partition, each in sorted(found.items()):
        ledger = ledger_of(each.parameters)
        previous = ledger.previous if ledger else None
        if ledger and ledger.is_pinned:
            continue
        if ledger is None or previous is None:
            problems.append(
                f"{table.partitioning.folder(partition)} has no ledger of what was before it"
            )
        elif wanted is not None and wanted.get(partition) != previous.generation:
            problems.append(
                f"{table.partitioning.folder(partition)} was published since this was planned"
            )
        else:
            reversals[partition] = Reversal(found=each, ledger=ledger, previous=previous)
    if not reversals and not problems:
        problems.append("all of it is rolled back already")
    _refuse(dates, problems or _gone(deployment, reversals, now))
    return reversals


def prepare_count(
    deployment: Deployment,
    slice_: Slice,
    generation: str,
    now: datetime,
    wanted: Generations,
    *,
    attempt: str = "",
) -> str:
    """Create a table over the files that a rollback points at; return its name.

    It is named as the staging table of a new `generation`, so that the clean-up drops it.

    Raises:
        RunError: the slice cannot be rolled back.
        PublishError: the catalog did not take a partition; a retry makes another table.
    """
    glue, database = deployment.clients.glue, deployment.database
    table = deployment.data_set.published
    reversals = find_reversals(deployment, slice_, now, wanted)
    name = staging_table_name(table.name, generation)
    location = generation_location(table.generations, generation)
    create_staging_table(
        glue, database, name, location, table.columns, table.partitioning, attempt=attempt
    )
    partitions = [
        aws.CatalogPartition(
            values=partition, location=each.ledger.previous_location, storage=each.found.storage
        )
        for partition, each in reversals.items()
    ]
    counted = replace(table, name=name).in_catalog(database)
    make_changes(glue, counted, reversals, adding(partitions))
    return name


def check_count(
    deployment: Deployment,
    slice_: Slice,
    query_id: str,
    now: datetime,
    wanted: Generations,
) -> Generations:
    """See that the files of the previous generations have the rows of their ledgers; return those.

    Raises:
        RunError: they have not. Nothing was changed.
    """
    partitioning = deployment.data_set.published.partitioning
    counted = {
        partitioning.read([row[key] or "" for key in partitioning.names]): int(
            row["row_count"] or 0
        )
        for row in aws.get_rows(deployment.clients.athena, query_id)
    }
    reversals = find_reversals(deployment, slice_, now, wanted)
    _refuse(
        slice_,
        [
            f"{each.ledger.previous_location} has {counted.get(partition, 0)} rows, "
            f"its ledger says {each.previous.rows}"
            for partition, each in reversals.items()
            if counted.get(partition, 0) != each.previous.rows
        ],
    )
    return {partition: each.previous.generation for partition, each in reversals.items()}


def roll_back(
    deployment: Deployment, slice_: Slice, generations: Generations, now: datetime
) -> Changed:
    """Point the partitions of a slice back at generations, and pin them; safe to repeat.

    What each pointed at becomes its previous generation, which stays for the retention time.

    Raises:
        RunError: a partition was published since this was planned, or its previous files are gone.
        PublishError: the catalog did not take a change.
    """
    table = deployment.data_set.published
    # The task may have waited, or may be cleared, longer than the files are kept.
    _refuse(slice_, _gone(deployment, _to_reverse(deployment, slice_), now))

    def change(found: aws.CatalogPartition, ledger: Ledger) -> aws.CatalogPartition | None:
        wanted = generations.get(found.values)
        if ledger.is_pinned and wanted in (None, ledger.generation):
            return None
        if wanted is None or ledger.previous is None or ledger.previous.generation != wanted:
            raise RunError(
                f"{table.partitioning.folder(found.values)} was published since this was planned; "
                "clear the run to plan it again"
            )
        after = replace(
            ledger.previous,
            is_pinned=True,
            previous_location=found.location,
            previous=replace(ledger, previous=None),
        )
        return with_ledger(replace(found, location=ledger.previous_location), after)

    done = change_partitions(deployment, _partitions(deployment, slice_), change)
    return Changed(action="rollback", slice_=slice_, partitions=done)


def _to_reverse(deployment: Deployment, slice_: Slice) -> dict[Partition, Reversal]:
    """The partitions of a slice that are not rolled back yet, of those that can be."""
    built = {p: (f, ledger_of(f.parameters)) for p, f in _read(deployment, slice_).items()}
    return {
        partition: Reversal(found=found, ledger=ledger, previous=ledger.previous)
        for partition, (found, ledger) in built.items()
        if ledger and ledger.previous and not ledger.is_pinned
    }


def unpin(deployment: Deployment, slice_: Slice) -> Changed:
    """Let builds replace the partitions of a slice again; safe to repeat.

    Raises:
        PublishError: the catalog did not take a change.
    """

    def change(found: aws.CatalogPartition, ledger: Ledger) -> aws.CatalogPartition | None:
        return with_ledger(found, replace(ledger, is_pinned=False)) if ledger.is_pinned else None

    done = change_partitions(deployment, _partitions(deployment, slice_), change)
    return Changed(action="unpin", slice_=slice_, partitions=done)


def _gone(
    deployment: Deployment, reversals: Mapping[Partition, Reversal], now: datetime
) -> list[str]:
    """What of the previous generations is gone, or may be deleted any moment."""
    table, s3 = deployment.data_set.published, deployment.clients.s3
    marks = read_marks(s3, table.location)
    oldest = now - deployment.data_set.limits.retention
    problems: list[str] = []
    sizes: dict[tuple[str, Partition], int] = {}
    for generation in sorted({each.previous.generation for each in reversals.values()}):
        if generation in marks and marks[generation] < oldest:
            problems.append(f"generation {generation} is not kept any longer")
        place = generation_location(table.generations, generation)
        for path, size in aws.list_objects(s3, place):
            partition = table.partitioning.read_path(path)
            if partition and not aws.is_hidden(path):
                sizes[generation, partition] = sizes.get((generation, partition), 0) + size
    for partition, each in reversals.items():
        if sizes.get((each.previous.generation, partition), 0) != each.previous.bytes:
            problems.append(f"{each.ledger.previous_location} has lost files")
    return problems


def _refuse(dates: Slice, problems: Sequence[str]) -> None:
    if problems:
        more = f", and {len(problems) - _EXAMPLES} more" if len(problems) > _EXAMPLES else ""
        raise RunError(
            f"{dates} cannot be rolled back, and nothing was changed: "
            f"{'; '.join(problems[:_EXAMPLES])}{more}. Give dates that can, clear the run to plan "
            "it again, or build them"
        )


def _read(deployment: Deployment, dates: Slice) -> dict[Partition, aws.CatalogPartition]:
    table = deployment.data_set.published.in_catalog(deployment.database)
    return aws.read_partitions(deployment.clients.glue, table, _partitions(deployment, dates))


def _partitions(deployment: Deployment, dates: Slice) -> tuple[Partition, ...]:
    return partitions_of(dates, deployment.data_set.published.grain)
