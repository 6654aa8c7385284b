"""What a published table says of its data set, in its Glue parameters.

Who looks at the table in the catalog, as the page in Airflow's UI does, needs no YAML file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from retime import aws
from retime.calendar.partitioning import (
    DAILY,
    HOURLY,
    Partitioning,
    parse_partitioning,
    published_partitioning,
)
from retime.calendar.slices import Grain
from retime.dataset.deployment import Deployment
from retime.dataset.model import DEFAULT_FOLDERS, DataSet, Raw

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef

_PARAMETER = "retime.data_set"
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What the states of a table's dates depend on, besides its ledgers.

    `fingerprint` is of the transformation that the newest publication was built by.
    """

    data_set: str
    zone: ZoneInfo
    max_lateness: timedelta
    clock_skew: timedelta
    fingerprint: str
    table: str
    quarantine: str
    partitioning: Partitioning
    raw: Raw

    def __post_init__(self) -> None:
        """Refuse what no data set says: anybody can write the parameters of a table."""
        own = (self.data_set, self.fingerprint, self.table, self.quarantine)
        if not all(isinstance(text, str) for text in (*own, self.raw.table, self.raw.location)):
            raise ValueError(f"these are no facts of a table of Retime: {self}")

    @property
    def grain(self) -> Grain:
        """The size of the table's partitions."""
        return self.partitioning.grain

    @property
    def dag_id(self) -> str:
        """The DAG that publishes to the table."""
        return f"retime_{self.data_set}"

    def to_text(self) -> str:
        """Return the parameter's value."""
        return json.dumps(
            {
                "data_set": self.data_set,
                "zone": self.zone.key,
                "max_lateness_seconds": self.max_lateness.total_seconds(),
                "clock_skew_seconds": self.clock_skew.total_seconds(),
                "fingerprint": self.fingerprint,
                "table": self.table,
                "quarantine": self.quarantine,
                "partitions": {key.name: key.type for key in self.partitioning.keys},
                "raw": self.raw.table,
                "raw_location": self.raw.location,
                "raw_partitions": self.raw.partitioning.pattern,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> TableFacts:
        """Return what `to_text` made a text of."""
        value: dict[str, Any] = json.loads(text)
        # Version 0.3 had a grain, and no other keys and folders than by numbers.
        numbers = {"hour": HOURLY, "day": DAILY}.get(value.pop("grain", ""))
        partitioning = numbers or published_partitioning(value.pop("partitions"))
        raw = Raw(
            table=value.pop("raw"),
            location=value.pop("raw_location", ""),
            crawler=None,
            partitioning=parse_partitioning(value.pop("raw_partitions", DEFAULT_FOLDERS)),
        )
        return cls(
            partitioning=partitioning,
            raw=raw,
            zone=ZoneInfo(value.pop("zone")),
            max_lateness=timedelta(seconds=value.pop("max_lateness_seconds")),
            clock_skew=timedelta(seconds=value.pop("clock_skew_seconds")),
            **value,
        )


def facts_of(data_set: DataSet, fingerprint: str) -> TableFacts:
    """Return the facts of a data set's table."""
    return TableFacts(
        data_set=data_set.name,
        zone=data_set.zone,
        partitioning=data_set.published.partitioning,
        max_lateness=data_set.events.max_lateness,
        clock_skew=data_set.events.clock_skew,
        fingerprint=fingerprint,
        table=data_set.published.name,
        quarantine=data_set.quarantine.name,
        raw=replace(data_set.raw, crawler=None),
    )


def describe_table(deployment: Deployment, fingerprint: str) -> None:
    """Let the published table say what its data set says, if it does not yet."""
    glue, database = deployment.clients.glue, deployment.database
    facts = facts_of(deployment.data_set, fingerprint)

    def describe(table: TableInputTypeDef) -> TableInputTypeDef | None:
        parameters = table.get("Parameters", {})
        if parameters.get(_PARAMETER) == facts.to_text():
            return None
        return {**table, "Parameters": {**parameters, _PARAMETER: facts.to_text()}}

    aws.change_table(glue, database, facts.table, describe)


def facts_in(parameters: Mapping[str, str]) -> TableFacts | None:
    """Return what a table's parameters say of its data set; None if it is not one of Retime's."""
    try:
        return TableFacts.from_text(parameters[_PARAMETER])
    except (KeyError, TypeError, ValueError, AttributeError, OSError, ArithmeticError):
        return None
    except RecursionError:
        return None


def list_facts(glue: GlueClient, database: str) -> list[TableFacts]:
    """Return the facts of every table that Retime publishes to, by data set.

    Of several tables of a data set, as after it was given another one, the newest counts. A copy
    of a table that somebody made is none.
    """
    newest: dict[str, tuple[datetime, TableFacts]] = {}
    for table in aws.list_tables(glue, database):
        facts = facts_in(table.get("Parameters", {}))
        if facts is None or facts.table != table["Name"]:
            continue
        changed = table.get("UpdateTime") or table.get("CreateTime") or _NEVER
        if facts.data_set not in newest or newest[facts.data_set][0] < changed:
            newest[facts.data_set] = changed, facts
    return [facts for _, (_, facts) in sorted(newest.items())]
