"""One statement on a Trino server."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from trino.client import ClientSession, TrinoRequest, TrinoStatus
from trino.exceptions import TrinoConnectionError, TrinoQueryError

from local_aws.athena.errors import Position, QueryCancelledError, QueryError
from local_aws.athena.types.sqltypes import Type, plain, row

CATALOG = "awsdatacatalog"
"""The catalog of a Trino whose Hive connector reads from here: Athena's name, in lower case."""

_PLACE = re.compile(r"line (\d+):(\d+): (.*)", re.DOTALL)


class TrinoServer:
    """A Trino server.

    Args:
        url: e.g. http://127.0.0.1:8080.

    Raises:
        ValueError: the URL is none.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of a Trino server, such as http://127.0.0.1:8080")
        self.url = url
        self.host, self.scheme = parts.hostname, parts.scheme
        self.port = parts.port or (443 if parts.scheme == "https" else 8080)

    def run(self, sql: str, database: str, settings: Mapping[str, str]) -> "TrinoRun":
        """Begin a statement.

        Args:
            sql: the statement.
            database: where unqualified tables are.
            settings: session properties.
        """
        session = ClientSession(
            user="local_aws",
            catalog=CATALOG,
            schema=database,
            source="local_aws",
            timezone="UTC",
            properties=dict(settings),
        )
        return TrinoRun(
            self.url,
            TrinoRequest(
                host=self.host, port=self.port, client_session=session, http_scheme=self.scheme
            ),
            sql,
        )


class TrinoRun:
    """A statement being run.

    Attributes:
        id: Trino's, once it has answered.
        columns: names and types as Trino spells them, once they are known.
        types: the same types.
        stats: how far it is.
        rows_written: of a writing statement, once it has ended.
    """

    def __init__(self, url: str, request: TrinoRequest, sql: str) -> None:
        self._url = url
        self._request = request
        self._sql = sql
        self._is_interrupted = False
        self.id = ""
        self.columns: list[tuple[str, str]] = []
        self.types: list[Type] = []
        self.stats: dict[str, Any] = {}
        self.rows_written = 0

    def interrupt(self) -> None:
        """Stop it, from another thread."""
        self._is_interrupted = True

    @property
    def scanned_bytes(self) -> int:
        """Bytes that it has read from files."""
        return int(self.stats.get("physicalInputBytes", 0))

    def pages(self) -> Iterator[list[list[Any]]]:
        """Yield the rows as they come, in lists that may be empty.

        Raises:
            QueryError: it fails.
            QueryCancelledError: it was interrupted.
        """
        try:
            status = self._note(self._request.process(self._request.post(self._sql)))
            yield list(status.rows)
            while status.next_uri:
                if self._is_interrupted:
                    self._request.delete(status.next_uri)
                    raise QueryCancelledError("Query cancelled by user")
                status = self._note(self._request.process(self._request.get(status.next_uri)))
                yield list(status.rows)
        except TrinoQueryError as error:
            if error.error_name == "USER_CANCELED":
                raise QueryCancelledError("Query cancelled by user") from None
            place = _PLACE.match(str(error.message))
            if place is None:
                raise QueryError(error.error_name, str(error.message)) from None
            at = Position(line=int(place[1]), column=int(place[2]))
            raise QueryError(error.error_name, place[3], at) from None
        except (TrinoConnectionError, OSError) as error:
            raise QueryError(
                "GENERIC_INTERNAL_ERROR", f"Trino at {self._url} does not answer: {error}"
            ) from None

    def all_rows(self) -> list[list[Any]]:
        """Return all rows; raises as `pages`."""
        return [row for page in self.pages() for row in page]

    def _note(self, status: TrinoStatus) -> TrinoStatus:
        self.id = status.id
        self.stats = dict(status.stats)
        self.rows_written = status.update_count or 0
        if status.columns and not self.columns:
            self.columns = [(one["name"], one["type"]) for one in status.columns]
            self.types = [_type(one["typeSignature"]) for one in status.columns]
        return status


def _type(signature: Any) -> Type:
    """The type of a signature of Trino's protocol."""
    name, arguments = signature["rawType"], signature["arguments"]
    if name == "row":
        fields = [one["value"] for one in arguments]
        labels = ((field.get("fieldName") or {}).get("name") for field in fields)
        return row(tuple(_type(field["typeSignature"]) for field in fields), tuple(labels))
    items = tuple(_type(one["value"]) for one in arguments if one["kind"] == "TYPE")
    numbers = tuple(one["value"] for one in arguments if one["kind"] == "LONG")
    return Type(name, items=items) if items else plain(name, numbers)
