"""What runs the queries of statements: DuckDB in this process, or a Trino elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.athena.run.write import Output, PartFile
from local_aws.athena.types.sqltypes import Type

if TYPE_CHECKING:
    from local_aws.athena.run.job import Job


class Query(ABC):
    """A query of a statement; whatever is asked of it may raise QueryError."""

    @property
    @abstractmethod
    def names(self) -> list[str | None]:
        """Names of its columns; None for an expression without an alias."""

    @property
    @abstractmethod
    def types(self) -> list[Type]:
        """Types of its columns."""

    @abstractmethod
    def read(self, path: Path) -> None:
        """Write the rows into a file, as lines of a result CSV."""

    @abstractmethod
    def write(
        self, output: Output, places: Sequence[int | None], directory: Path
    ) -> tuple[int, list[PartFile]]:
        """Write the rows as files of `output` under `directory`.

        Args:
            output: columns and format of the files.
            places: for each column of the output the query's column, None for NULL.
            directory: an empty one.

        Returns:
            The number of rows, and the files.
        """

    @abstractmethod
    def explain(self) -> str:
        """Return the plan."""


class SqlEngine(ABC):
    """Runs queries."""

    @abstractmethod
    def analyse(self, job: "Job", node: Any) -> Query:
        """Understand the query at a node of the job's statement.

        Raises:
            QueryError: with the name, message and place that Trino gives.
        """
