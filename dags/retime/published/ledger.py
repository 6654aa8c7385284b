"""The ledger: what each published partition knows about itself, in its Glue parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitions import partitions_of
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment

_PREFIX = "retime."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How a published partition came to be; times are ISO 8601 in UTC.

    `built_from` and `built_through` are when the arrivals begin and end that were read for the
    partition, of those that can hold its events.
    """

    generation: str
    rows: int
    bytes: int
    built_from: str
    built_through: str
    fingerprint: str
    run_id: str
    query_id: str
    published_at: str
    previous_location: str

    @property
    def arrivals(self) -> ArrivalWindow:
        """What was read for the partition."""
        return ArrivalWindow(
            start=datetime.fromisoformat(self.built_from),
            end=datetime.fromisoformat(self.built_through),
        )

    def to_parameters(self) -> dict[str, str]:
        """Return the ledger as parameters of a Glue partition."""
        return {_PREFIX + name: str(value) for name, value in asdict(self).items()}


def ledger_of(parameters: Mapping[str, str]) -> Ledger | None:
    """Return the ledger in a partition's parameters, or None if another tool made it."""
    try:
        texts = {field.name: parameters[_PREFIX + field.name] for field in fields(Ledger)}
        numbers = {name: int(texts[name]) for name in ("rows", "bytes")}
        ledger = Ledger(**{**texts, **numbers})  # type: ignore[arg-type]
        _ = ledger.arrivals
    except (KeyError, ValueError):
        return None
    return ledger


def read_ledgers(deployment: Deployment, slices: Iterable[Slice]) -> list[Ledger]:
    """Return the ledgers of the published partitions of some slices."""
    table = deployment.data_set.published
    partitions = [p for slice_ in slices for p in partitions_of(slice_, table.grain)]
    found = aws.read_partitions(
        deployment.clients.glue, deployment.database, table.name, partitions
    )
    return [ledger for p in found.values() if (ledger := ledger_of(p.parameters))]


def other_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a partition that are not the ledger's."""
    return {key: value for key, value in parameters.items() if not key.startswith(_PREFIX)}
