"""moto's S3 with the bytes of its objects in files.

moto builds its keys, uploads and listings from classes of its module; here are theirs, replaced by
ones that keep a file instead of a buffer. moto itself never sees the bytes of an upload or a
download: it gets an empty body, or a `FileBody` in place of bytes.
"""

import binascii
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, ClassVar

from moto.moto_api._internal import mock_random
from moto.s3 import models
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from local_aws.iam.bucket_policy import bucket_permission
from local_aws.messages import FileRange
from local_aws.s3.key_index import KeyIndex
from local_aws.s3.object_files import ObjectFile, ObjectFiles

incoming: ContextVar[Callable[[], ObjectFile] | None] = ContextVar("incoming", default=None)
"""Makes the file with the body of the request under way, for the key that moto makes of it."""

by_reference: ContextVar[bool] = ContextVar("by_reference", default=False)
"""Shall keys hand out their bytes as a FileBody? Only where nobody looks at them."""


class FileBody(bytes):
    """Stands for the bytes of a file where moto only passes them on, measures or slices them."""

    file: ObjectFile
    offset: int
    length: int

    @classmethod
    def of(cls, file: ObjectFile, offset: int, length: int) -> "FileBody":
        """Stand for `length` bytes of the file, from `offset`."""
        body = cls()
        body.file, body.offset, body.length = file, offset, length
        return body

    def __len__(self) -> int:
        return self.length

    def __bool__(self) -> bool:
        return self.length > 0

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self.read()[index]
        start, stop, _ = index.indices(self.length)
        return FileBody.of(self.file, self.offset + start, max(stop - start, 0))

    def open(self) -> FileRange:
        """Open the file, so that its bytes stay readable whatever happens to the object."""
        file = FileKey.files.path(self.file.name).open("rb")
        return FileRange(file=file, offset=self.offset, length=self.length)

    def read(self) -> bytes:
        """The bytes themselves."""
        with self.open().file as source:
            source.seek(self.offset)
            return source.read(self.length)

    def copy(self) -> ObjectFile:
        """Make a file of its own of them."""
        if self.length == self.file.size:
            return FileKey.files.link(self.file)
        return FileKey.files.receive([self.read()])


class FileKey(models.FakeKey):
    """An object, or a part of an upload, whose bytes are a file.

    Attributes:
        files: where the files are. moto, of which a process has one, makes objects of the class.
    """

    files: ClassVar[ObjectFiles]
    file: ObjectFile
    disposed: bool
    _etag: str | None

    @property
    def value(self) -> bytes:
        """The bytes, or what stands for them."""
        body = FileBody.of(self.file, 0, self.file.size)
        return body if by_reference.get() else body.read()

    @value.setter
    def value(self, given: bytes) -> None:
        files = FileKey.files
        if create := incoming.get():
            incoming.set(None)
        elif isinstance(given, FileBody):
            create = given.copy
        else:
            create = partial(files.receive, [given])
        self.file = files.make(create)
        self.contentsize = self.file.size
        if self._etag is None:
            self._etag = self.file.md5

    @property
    def etag(self) -> str:
        """The ETag: MD5 of the bytes, or of the parts' MD5s."""
        return f'"{self._etag}"'

    def dispose(self, garbage: bool = False) -> None:  # noqa: FBT001, FBT002 - moto's signature
        """Let the file go when moto drops the object."""
        if not garbage and not self.disposed:
            self.disposed = True
            FileKey.files.discard(self.file.name)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in {"_value_buffer", "lock"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, lock=threading.Lock())


class FileMultipart(models.FakeMultipart):
    """An upload in parts, each a file; completing it writes one file from them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.id = mock_random.get_random_string(64)  # so that a replay gives the same

    def complete(self, body: Iterator[tuple[int, str]]) -> tuple[bytes, str, None]:
        """Check the list of parts and have them joined for the key that moto makes next.

        The checksum of the whole is left out: a client that finds none checks nothing.
        """
        parts = [part.file for part in self._listed(body)]
        digests = b"".join(binascii.unhexlify(part.md5) for part in parts)
        incoming.set(partial(FileKey.files.join, parts))
        return b"", f"{models.md5_hash(digests).hexdigest()}-{len(parts)}", None

    def _listed(self, body: Iterator[tuple[int, str]]) -> list[FileKey]:
        parts: list[FileKey] = []
        for number, etag in body:
            part = self.parts.get(number)
            if not isinstance(part, FileKey) or part.file.md5 != etag.replace('"', ""):
                raise InvalidPart
            if parts and parts[-1].contentsize < S3_UPLOAD_PART_MIN_SIZE:
                raise EntityTooSmall
            parts.append(part)
        if not parts:
            raise MalformedXML
        return parts


def install(files: ObjectFiles) -> None:
    """Let moto's S3 keep objects in `files` from now on."""
    FileKey.files = files
    models.FakeKey = FileKey
    models.FakeMultipart = FileMultipart
    models.FakeBucket.get_permission = bucket_permission
    models._VersionedKeyStore = KeyIndex  # noqa: SLF001 - there is no public name


def needed_files() -> set[str]:
    """The names of all files that objects and open uploads are made of."""
    keys: list[Any] = []
    for _, _, backend in models.s3_backends.iter_backends():
        for bucket in backend.buckets.values():
            keys += [version for _, versions in bucket.keys.lists() for version in versions]
            keys += [
                part for upload in bucket.multiparts.values() for part in upload.parts.values()
            ]
    return {key.file.name for key in keys if isinstance(key, FileKey)}
