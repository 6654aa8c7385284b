"""What the server gives a service that it hosts, and what it asks of one.

The Athena engine and the crawler are such services. They know these shapes and nothing of the
server behind them.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

ACCESS_DENIED = "AccessDeniedException"
FaultAction = Literal["throttle", "fail", "lose", "hang", "partial"]
Values = tuple[str, ...]
"""The values of a partition in the order of its table's keys, as texts, or the first of them."""
Keep = Callable[[list[Values]], list[Values]]
"""Those of some values, all of one length and in order, that are not to be left out."""


class NoSuchBucketError(KeyError):
    """There is no bucket of that name."""


class AwsError(Exception):
    """An AWS API refused a request.

    Args:
        code: the exception's name in the service model, e.g. "EntityNotFoundException".
        message: the sentence for the caller.
        status: HTTP status, 400 for a client's mistake.
        extra: further members of the answer's body, e.g. {"AthenaErrorCode": "INVALID_INPUT"}.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The answer's JSON body, as services of AWS's JSON protocol write it."""
        return {
            "__type": self.code,
            "Message": self.message,
            "message": self.message,
            **self.extra,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An S3 object and the local file with its bytes, to be read only.

    Replacing or deleting the object unlinks the file: who has it open reads the old bytes to
    their end, who opens it later finds no file.
    """

    key: str
    size: int
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """A fault that was asked for: where it strikes, on what, and how.

    Attributes:
        point: as "glue.GetTable", or "glue.*" for every action of a service.
        match: what the subject has in it.
        code: the error's code; '' for that of the action.
        share: of the calls that it matches, how many it strikes: more than 0, at most 1.
    """

    point: str
    action: FaultAction
    match: str = ""
    message: str = ""
    code: str = ""
    share: float = 1.0

    def error(self, code: str, message: str) -> AwsError:
        """Return the error that it strikes with; a throttled call's, or else the one given."""
        if self.action == "throttle":
            return AwsError(self.code or "ThrottlingException", self.message or "Rate exceeded")
        return AwsError(self.code or code, self.message or message, status=500)


class Access(Protocol):
    """What the caller of the request under way may do."""

    def need(self, action: str, *resources: str) -> None:
        """See that the caller may do an action, e.g. "s3:GetObject", on each of some ARNs.

        Raises:
            AwsError: AccessDeniedException. Without enforcement everybody may do everything.
        """
        ...

    def acting_as(self, role: str) -> AbstractContextManager[None]:
        """Hold what follows to the policies of a role, given by ARN or name."""
        ...


class ObjectStore(Protocol):
    """S3 as local files.

    Every method raises NoSuchBucketError for an unknown bucket, and AwsError where the caller may
    not do what it does.
    """

    def list(self, bucket: str, prefix: str) -> list[StoredObject]:
        """The objects whose keys begin with `prefix`, sorted by key."""
        ...

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """The object, or None when there is none."""
        ...

    def check_read(self, bucket: str, objects: Iterable[StoredObject]) -> None:
        """See that the caller may read the bytes of objects that it listed."""
        ...

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """Store a file by taking it over: it is moved, not copied."""
        ...

    def put_bytes(self, bucket: str, key: str, body: bytes) -> None:
        """Store `body`."""
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Delete the object; nothing happens when there is none."""
        ...


class AwsCalls(Protocol):
    """Any AWS JSON API, in process: served, checked and journalled like a client's request."""

    def __call__(
        self, service: str, action: str, payload: dict[str, Any], *, region: str
    ) -> dict[str, Any]:
        """Call e.g. ("glue", "GetTable", {...}); raises AwsError for a 4xx or 5xx answer."""
        ...

    def partitions(
        self, database: str, table: str, *, region: str, keep: Keep | None = None
    ) -> list[dict[str, Any]]:
        """Glue's records of a table's partitions, in order: its own, to be read only.

        `keep` is asked about the first values of partitions, then about those of the ones that it
        kept with further values, and at the end about all their values. What it leaves out costs
        nothing further.

        Raises:
            AwsError: there is no such table, or the caller may not read its partitions.
        """
        ...


class Faults(Protocol):
    """The faults asked for over the HTTP control path."""

    def take(self, point: str, subject: str) -> FaultRule | None:
        """Use up one strike of the first rule for `point` whose match is in `subject`.

        The caller does what the rule's action says. One that hangs does so while `is_set` is true
        and it has not been stopped itself.
        """
        ...

    def is_set(self, rule: FaultRule) -> bool:
        """Return whether nobody cleared the rule since it was taken; used up is not cleared."""
        ...


class Service(Protocol):
    """A service that answers some actions of the JSON APIs; all other actions are moto's.

    It sees itself whether the caller may do what they do.
    """

    @property
    def actions(self) -> frozenset[str]:
        """The actions it answers, e.g. {"StartQueryExecution"}."""
        ...

    def handle(
        self, action: str, payload: dict[str, Any], *, region: str
    ) -> tuple[int, dict[str, Any]]:
        """Answer one request: HTTP status and JSON body. AwsError becomes an error answer."""
        ...

    def close(self) -> None:
        """Stop what runs in the background."""
        ...
