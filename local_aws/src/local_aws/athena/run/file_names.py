"""The names of objects in the errors of a scan, which reads links to them."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from local_aws.athena.errors import QueryError
from local_aws.athena.types.zones import quote

_MARK = re.compile(r"<s\d+_\d+/\d+>")


def link_sql(folder: str) -> str:
    """DuckDB text of what stands for an object in messages, over the file's number `__f`."""
    return f"'<{folder}/' || __f || '>'"


class FileNames:
    """Knows which object a link is to.

    Args:
        connection: reads Parquet files again to find the broken one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._links: dict[str, str] = {}
        self._marks: dict[str, str] = {}

    def add(self, folder: str, links: Sequence[str], uris: Sequence[str]) -> None:
        """Remember the links of a folder, in the order of their numbers."""
        self._links.update(zip(links, uris, strict=True))
        self._marks |= {f"<{folder}/{number}>": uri for number, uri in enumerate(uris, 1)}

    def named(self, message: str) -> str:
        """A message with the names of objects instead of what stands for them."""
        return _MARK.sub(lambda found: self._marks.get(found[0], found[0]), message)

    def unread(self, message: str) -> QueryError | None:
        """The error of an object that DuckDB could not read, if its message is about one."""
        link = next((one for one in self._links if one in message), None)
        if link is None and "parquet" in message.lower():
            link = next((one for one in self._links if self._is_broken(one)), None)
        if link is None:
            return None
        if not Path(link).exists():
            return missing_file(self._links[link])
        return QueryError(
            "HIVE_CURSOR_ERROR",
            f"Failed to read file at {self._links[link]}: the object is corrupt, or has changed",
        )

    def _is_broken(self, link: str) -> bool:
        """Can a Parquet file not be read to its end?"""
        text = f"SELECT count(*) FROM (SELECT DISTINCT COLUMNS(*) FROM read_parquet({quote(link)}))"
        try:
            self._connection.execute(text)
        except duckdb.Error:
            return True
        return False


def missing_file(uri: str) -> QueryError:
    """The error of an object that was there when it was listed."""
    return QueryError(
        "HIVE_CURSOR_ERROR",
        f"Failed to read file {uri}: The specified key does "
        "not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey)",
    )


def unopened_file(uri: str, size: int, reason: str) -> QueryError:
    """The error of an object that cannot be read at all."""
    return QueryError(
        "HIVE_CANNOT_OPEN_SPLIT",
        f"Error opening Hive split {uri} (offset=0, length={size}): {reason}",
    )
