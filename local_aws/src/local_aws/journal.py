"""What changed, on disk, so that a restart brings it back: also after `kill -9`.

    DIR/lock               held while a server uses the directory
    DIR/checkpoint-<n>     the whole state when journal <n> was begun
    DIR/journal-<n>.jsonl  the changes since, one request a line, each written before its answer
    DIR/objects/           the bytes of S3 objects

A change is in the page cache when it is answered: it survives the death of the process, not
necessarily that of the machine.
"""

import base64
import fcntl
import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from local_aws.messages import Request
from local_aws.s3.object_files import ObjectFile, write_all

MIN_CHANGES = 2_000
"""Changes before a new checkpoint is thought of: replaying that many takes 2 to 3 seconds."""
CHANGE_BYTES = 8_000
"""What a change counts for beside its own size: to replay it takes up to 1.5 milliseconds."""
SMALL_BYTES = 4_000_000
"""A checkpoint up to this size is written in a moment, also when a client waits for the end."""

_log = logging.getLogger(__name__)


class DataDirectoryError(Exception):
    """The data directory cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A request that changed something: when, the seed of its random names, the files it made."""

    at: float
    seed: int
    request: Request
    files: list[ObjectFile]


class Journal:
    """The journal in one data directory. Not thread safe: its owner holds a lock."""

    def __init__(self, directory: Path) -> None:
        """Take the directory; raises DataDirectoryError when another server has it."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = _locked(directory / "lock")
        self._file: BinaryIO | None = None
        self._number = max(
            (int(path.name.rpartition("-")[2]) for path in directory.glob("checkpoint-*[0-9]")),
            default=0,
        )
        self._count = self._bytes = self._checkpoint_bytes = 0

    @property
    def is_empty(self) -> bool:
        """Has nothing changed since the checkpoint?"""
        return self._count == 0

    @property
    def is_due(self) -> bool:
        """Is it time for a new checkpoint: would what was written since slow a restart more?"""
        cost = 2 * self._bytes + CHANGE_BYTES * self._count
        return self._count >= MIN_CHANGES and cost >= self._checkpoint_bytes

    @property
    def is_small(self) -> bool:
        """Is a checkpoint written in a moment, as far as the last one tells?"""
        return self._checkpoint_bytes <= SMALL_BYTES

    def checkpoint(self) -> bytes | None:
        """The state to start from, or None for nothing."""
        path = self._directory / f"checkpoint-{self._number}"
        if not path.exists():
            return None
        writer, _, state = path.read_bytes().partition(b"\n")
        if writer.decode() != _writer():
            raise DataDirectoryError(
                f"{str(self._directory)!r} was written with {writer.decode()}; this is {_writer()}."
                " Use that version, or another directory."
            )
        self._checkpoint_bytes = len(state)
        return state

    def changes(self) -> Iterator[Change]:
        """The changes since the checkpoint. A last line that was cut off is dropped."""
        path = self._journal_path()
        if not path.exists():
            return
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._note(line)
                yield _parse_change(line)
        os.truncate(path, self._bytes)

    def append(self, change: Change) -> None:
        """Put a change on record, whole or not at all.

        Raises:
            OSError: there is no room for it; nothing of it is on record.
        """
        line = _change_line(change)
        try:
            if self._file is None:
                self._file = self._journal_path().open("ab", buffering=0)
            write_all(self._file, line)
        except OSError:
            if self._file is not None:
                self._file.truncate(self._bytes)
            raise
        self._note(line)

    def begin(self, state: bytes) -> None:
        """Write a checkpoint and begin a new journal; the old ones go away.

        Raises:
            OSError: there is no room for it; the old ones stay.
        """
        number = self._number + 1
        path = self._directory / f"checkpoint-{number}"
        scratch = path.with_suffix(".new")
        try:
            scratch.write_bytes(_writer().encode() + b"\n" + state)
            scratch.rename(path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
        self._close_file()
        self._number, self._checkpoint_bytes = number, len(state)
        self._count = self._bytes = 0
        for old in self._directory.glob("*-*"):
            if old.is_file() and old.stem.rpartition("-")[2] != str(number):
                old.unlink()

    def close(self) -> None:
        """Let the directory go."""
        self._close_file()
        self._lock.close()

    def postpone(self) -> None:
        """Think of a checkpoint again only after as many changes more."""
        self._count = 0

    def _note(self, line: bytes) -> None:
        self._count += 1
        self._bytes += len(line)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _journal_path(self) -> Path:
        return self._directory / f"journal-{self._number}.jsonl"


def _locked(path: Path) -> io.TextIOWrapper:
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise DataDirectoryError(
            f"{str(path.parent)!r} is in use by another server (process {holder})."
            " Stop that one, or give another directory."
        ) from None
    # On a full disk nobody learns who holds it.
    with suppress(OSError):
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    return lock


def _writer() -> str:
    return f"moto {version('moto')}"


def _change_line(change: Change) -> bytes:
    request = change.request
    body = request.read()
    try:
        text = {"body": body.decode()}
    except UnicodeDecodeError:
        text = {"base64": base64.b64encode(body).decode()}
    line: dict[str, Any] = {
        "at": change.at,
        "seed": change.seed,
        "method": request.method,
        "target": request.target,
        "headers": dict(request.headers),
        "files": [asdict(file) for file in change.files],
        **text,
    }
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _parse_change(line: bytes) -> Change:
    given = json.loads(line)
    body = given["body"].encode() if "body" in given else base64.b64decode(given["base64"])
    return Change(
        at=given["at"],
        seed=given["seed"],
        request=Request(
            method=given["method"],
            target=given["target"],
            headers=given["headers"],
            body=io.BytesIO(body),
            length=len(body),
        ),
        files=[ObjectFile(**file) for file in given["files"]],
    )
