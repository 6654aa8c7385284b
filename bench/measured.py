"""What one measured run tells, and how it looks at the rows that it has made."""

import json
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run, in a process of its own.

    Attributes:
        seconds: of each step, by name.
        cpu_seconds: of all steps, which tells more than the time when the machine is busy.
        partitions: for each published hour its keys, rows, and count and sum of every column.
        peak_bytes: the most memory that the process held.
        sql: the statement that ran.
        settings: DuckDB's, by name.
    """

    seconds: Mapping[str, float]
    cpu_seconds: float
    partitions: Sequence[Cells]
    peak_bytes: int
    sql: str
    settings: Mapping[str, str]

    @property
    def total(self) -> float:
        """Seconds of all steps."""
        return sum(self.seconds.values())

    @property
    def rows(self) -> int:
        """How many rows were published."""
        return sum(int(partition[4]) for partition in self.partitions)

    def to_json(self) -> str:
        """Return what `read_measured` reads."""
        return json.dumps(asdict(self))


def read_measured(text: str) -> Measured:
    """Return the run that `to_json` told of."""
    told = json.loads(text)
    told["partitions"] = [tuple(partition) for partition in told["partitions"]]
    return Measured(**told)


def peak_bytes() -> int:
    """Return the most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def summary_sql(table: str, columns: Sequence[str]) -> str:
    """Return a statement, of Trino and DuckDB alike, for `Measured.partitions`.

    The sums are of decimals, so that they do not depend on the order of the rows.
    """
    cells = [f"COUNT({c}), SUM(CAST({c} AS DECIMAL(38, 6)))" for c in columns]
    return (
        f"SELECT year, month, day, hour, COUNT(*), {', '.join(cells)} FROM {table} "
        "GROUP BY year, month, day, hour ORDER BY year, month, day, hour"
    )
