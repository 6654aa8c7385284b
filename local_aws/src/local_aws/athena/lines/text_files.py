"""Text files as Trino reads them: compression by the name, line ends, marks, bytes beyond UTF-8.

DuckDB gets files that it reads alike: UTF-8 with a line feed behind each line. Most files are so
already; a copy is made of the others. A check reads the whole file, once, and so finds a cut one.
"""

import codecs
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

_CHUNK = 4_000_000
_KEPT = 50_000
_GZIP_MAGIC = b"\x1f\x8b"
_MARK = codecs.BOM_UTF8
# What Trino's other readers decompress; Hadoop's framing of the rest is its own.
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_COPIED = (".bz2", ".zst", ".deflate")
_UNREAD = (".snappy", ".lz4", ".lzo", ".lzo_deflate")
# Stands for bytes that are no UTF-8, where a reader must tell them from U+FFFD itself.
INVALID = "\ufdd0"
_MARKING = "local_aws_marking"


def _mark_invalid(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return INVALID, error.end


codecs.register_error(_MARKING, _mark_invalid)


class UnreadableFileError(Exception):
    """A file cannot be read at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """How a file is made readable.

    Attributes:
        suffix: of the object's name, which tells the compression.
        header_lines: left out at the start.
        footer_lines: left out at the end.
        marks_invalid: do bytes that are no UTF-8 become `INVALID`, not U+FFFD?
    """

    suffix: str
    header_lines: int = 0
    footer_lines: int = 0
    marks_invalid: bool = False

    @property
    def compression(self) -> str:
        """The codec, or none."""
        return _CODECS.get(self.suffix, "none")


class TextFiles:
    """Remembers which files need no copy. Objects are never changed in place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clean: OrderedDict[tuple[str, int, int, str], bool] = OrderedDict()

    def readable(self, path: Path, copy: Path, cleaning: Cleaning) -> Path:
        """The file, or a copy of it with lines that DuckDB reads as Trino does.

        Args:
            path: the object's bytes.
            copy: where a copy may be made.
            cleaning: what is to be done.

        Raises:
            FileNotFoundError: the object was replaced or deleted.
            UnreadableFileError: with the reason.
        """
        is_cut = cleaning.header_lines or cleaning.footer_lines
        is_native = cleaning.suffix not in _COPIED
        if not is_cut and is_native and self._is_clean(path, cleaning):
            return path
        _write_copy(path, copy, cleaning)
        return copy

    def _is_clean(self, path: Path, cleaning: Cleaning) -> bool:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns, cleaning.suffix)
        with self._lock:
            if key in self._clean:
                return self._clean[key]
        is_clean = _is_clean(_chunks(path, cleaning))
        with self._lock:
            self._clean[key] = is_clean
            if len(self._clean) > _KEPT:
                self._clean.popitem(last=False)
        return is_clean


def _is_clean(chunks: Iterator[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_clean = is_first = True
    for chunk in chunks:  # to its end: what is broken shows there
        if is_first and chunk.startswith(_MARK):
            is_clean = False
        is_first = False
        if not is_clean or b"\r" in chunk:
            is_clean = False
        elif not chunk.isascii() or decoder.getstate()[0]:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_clean = False
    return is_clean and not decoder.getstate()[0]


def _chunks(path: Path, cleaning: Cleaning) -> Iterator[bytes]:
    if cleaning.suffix in _UNREAD:
        raise UnreadableFileError(f"local_aws does not decompress {cleaning.suffix}")
    try:
        if cleaning.suffix == ".deflate":
            yield from _inflated(path)
            return
        with pa.input_stream(str(path), compression=_arrow_codec(cleaning)) as stream:
            first = stream.read(_CHUNK)
            if cleaning.compression == "none" and first.startswith(_GZIP_MAGIC):
                raise UnreadableFileError(
                    "it is a gzip file whose name does not end in .gz, and is read as plain text"
                )
            while first:
                yield first
                first = stream.read(_CHUNK)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise UnreadableFileError(
            f"it cannot be decompressed as {cleaning.suffix}, by its name: {error}"
        ) from None


def _arrow_codec(cleaning: Cleaning) -> str | None:
    return None if cleaning.compression == "none" else cleaning.compression


def _inflated(path: Path) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield inflater.decompress(chunk)
    yield inflater.flush()
    if not inflater.eof:
        raise EOFError("it ends early")


def _write_copy(path: Path, copy: Path, cleaning: Cleaning) -> None:
    pieces = _texts(path, cleaning)
    if cleaning.header_lines or cleaning.footer_lines:
        lines = "".join(pieces).removesuffix("\n").split("\n")
        kept = lines[cleaning.header_lines : len(lines) - cleaning.footer_lines]
        pieces = (f"{line}\n" for line in kept)
    with copy.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def _texts(path: Path, cleaning: Cleaning) -> Iterator[str]:
    """The text in pieces, with a line feed behind each line."""
    errors = _MARKING if cleaning.marks_invalid else "replace"
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    held, is_first = "", True
    for chunk in _chunks(path, cleaning):
        text = held + decoder.decode(chunk)
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        held = "\r" if text.endswith("\r") else ""
        yield text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")
    yield ("\n" if held else "") + decoder.decode(b"", final=True)
