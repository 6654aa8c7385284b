"""The bytes of S3 objects: one file each, never changed once written.

Files are made here, in a scratch place first, and named at random. What they belong to is moto's
business (moto_s3.py). A file that is no longer needed goes away only when the change that made it
so is on record, so that a crash in between loses nothing.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """A finished file: its name in the store, size in bytes, MD5 in hex ("" when not known)."""

    name: str
    size: int
    md5: str


class ObjectFiles:
    """The directory of object files.

    While a recorded change is replayed, the files it once made are handed out again, in order,
    in place of new ones: `replayed` holds them. `made` collects those of the change under way.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: list[ObjectFile] = []
        self.replayed: list[ObjectFile] | None = None
        self._discarded: list[str] = []
        (root / "incoming").mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where the file of that name is."""
        return self.root / name[:2] / name

    def receive(self, blocks: Iterable[bytes | memoryview]) -> ObjectFile:
        """Write a file from blocks of bytes; nothing is left of it when they fail."""
        incoming = self.root / "incoming" / uuid.uuid4().hex
        md5 = hashlib.md5(usedforsecurity=False)
        size = 0
        try:
            with incoming.open("wb", buffering=0) as file:
                for block in blocks:
                    size += len(block)
                    md5.update(block)
                    write_all(file, block)
            return self._keep(incoming, size, md5.hexdigest())
        except BaseException:
            incoming.unlink(missing_ok=True)
            raise

    def take_over(self, path: Path) -> ObjectFile:
        """Move a file here; it is copied only when it is on another disk."""
        with path.open("rb") as file:
            size, md5 = _measure(file)
        incoming = self.root / "incoming" / uuid.uuid4().hex
        shutil.move(path, incoming)
        return self._keep(incoming, size, md5)

    def make(self, create: Callable[[], ObjectFile]) -> ObjectFile:
        """Make a file for the change under way, or hand out the one it made when first applied."""
        file = create() if self.replayed is None else self.replayed.pop(0)
        self.made.append(file)
        return file

    def link(self, file: ObjectFile) -> ObjectFile:
        """Give the bytes of a file a second name, without copying them."""
        name = self._new_name()
        os.link(self.path(file.name), self._ready(name))
        return ObjectFile(name=name, size=file.size, md5=file.md5 or self.md5(file))

    def join(self, files: Iterable[ObjectFile]) -> ObjectFile:
        """Write one file from several, in order. Its MD5 is left unknown: nobody asks for it."""
        joined = self.root / "incoming" / uuid.uuid4().hex
        try:
            with joined.open("wb") as target:
                for file in files:
                    with self.path(file.name).open("rb") as source:
                        shutil.copyfileobj(source, target, CHUNK_BYTES)
                size = target.tell()
            return self._keep(joined, size, "")
        except BaseException:
            joined.unlink(missing_ok=True)
            raise

    def md5(self, file: ObjectFile) -> str:
        """The MD5 of a file's bytes, in hex."""
        with self.path(file.name).open("rb") as source:
            return _measure(source)[1]

    def discard(self, name: str) -> None:
        """Let a file go, once `forget_discarded` says that this is on record."""
        self._discarded.append(name)

    def forget_discarded(self) -> None:
        """Delete the discarded files. Who has one open reads on."""
        names, self._discarded = self._discarded, []
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def sweep(self, needed: set[str]) -> None:
        """Delete every file that is not needed, e.g. those of a change that a crash cut off."""
        for path in self.root.glob("*/*"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    def _keep(self, incoming: Path, size: int, md5: str) -> ObjectFile:
        name = self._new_name()
        incoming.rename(self._ready(name))
        return ObjectFile(name=name, size=size, md5=md5)

    def _ready(self, name: str) -> Path:
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        return path

    @staticmethod
    def _new_name() -> str:
        return uuid.uuid4().hex


def write_all(file: BinaryIO, block: bytes | memoryview) -> None:
    """Write a block to a file without a buffer, which may take less than all at a time."""
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def _measure(file: BinaryIO) -> tuple[int, str]:
    md5 = hashlib.md5(usedforsecurity=False)
    size = 0
    while block := file.read(CHUNK_BYTES):
        size += len(block)
        md5.update(block)
    return size, md5.hexdigest()
