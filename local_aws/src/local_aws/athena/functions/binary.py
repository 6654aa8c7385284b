"""Bytes: encodings, checksums, and texts in UTF-8 that may be broken."""

import base64
import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from local_aws.athena.functions.hashes import murmur3, xxhash64
from local_aws.athena.functions.registry import Failure, PythonFunction
from local_aws.athena.functions.texts import refuse

_MOST = 2**31 - 1
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?")
_BASE32_LENGTHS = (0, 2, 4, 5, 7)


def from_hex(digits: str) -> bytes:
    """FROM_HEX(digits)."""
    if len(digits.encode()) % 2:
        raise refuse(f"invalid input length {len(digits.encode())}")
    if not re.fullmatch("[0-9A-Fa-f]*", digits):
        raise refuse(f"not a hexadecimal digit: {digits}")
    return bytes.fromhex(digits)


def from_base64(text: bytes) -> bytes:
    """FROM_BASE64(text): padding may be left out."""
    if not _BASE64.fullmatch(text):
        raise refuse("Illegal base64 text")
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def from_base64url(text: bytes) -> bytes:
    """FROM_BASE64URL(text)."""
    if b"+" in text or b"/" in text:
        raise refuse("Illegal base64 character")
    return from_base64(text.replace(b"-", b"+").replace(b"_", b"/"))


def to_base32(value: bytes) -> str:
    """TO_BASE32(bytes)."""
    return base64.b32encode(value).decode()


def from_base32(text: bytes) -> bytes:
    """FROM_BASE32(text): padding may be left out."""
    digits = text.rstrip(b"=")
    if not re.fullmatch(rb"[A-Z2-7]*", digits):
        raise refuse("Unrecognized character")
    if len(digits) % 8 not in _BASE32_LENGTHS:
        raise refuse(f"Invalid input length {len(digits)}")
    return base64.b32decode(digits + b"=" * (-len(digits) % 8))


def _packed(form: str, value: Any) -> bytes:
    return struct.pack(form, value)


def _unpacked(form: str, value: bytes) -> Any:
    size = struct.calcsize(form)
    if len(value) != size:
        raise refuse(f"expected {size}-byte input, but got instead: {len(value)}")
    return struct.unpack(form, value)[0]


def _float(form: str, value: bytes) -> str:
    # A text: of a NaN DuckDB makes NULL.
    return repr(_unpacked(form, value))


def _hmac(name: str, value: bytes, key: bytes) -> bytes:
    if not key:
        raise Failure("GENERIC_INTERNAL_ERROR", "Empty key")
    return hmac.new(key, value, name).digest()


def crc32(value: bytes) -> int:
    """CRC32(bytes)."""
    return zlib.crc32(value)


def sha512(value: bytes) -> bytes:
    """SHA512(bytes)."""
    return hashlib.sha512(value).digest()


def _character(value: bytes, at: int) -> tuple[int, bool]:
    """How many bytes from here belong together, and whether they are a character."""
    first = value[at]
    if first < 0x80:
        return 1, True
    wanted = next((n for n in range(2, 7) if first >> (7 - n) == (2 << n) - 2), 0)
    if not wanted:
        return 1, False
    for index in range(1, wanted):
        if at + index >= len(value) or value[at + index] >> 6 != 2:
            return index, False
    try:
        value[at : at + wanted].decode()
    except UnicodeDecodeError:
        return wanted, False
    return wanted, True


def from_utf8(value: bytes, replacement: str) -> str:
    """FROM_UTF8(bytes, replacement): of what is no UTF-8."""
    if len(replacement) > 1:
        raise refuse("Replacement character string must empty or a single character")
    try:
        return value.decode()
    except UnicodeDecodeError:
        pieces, at = [], 0
    while at < len(value):
        length, is_character = _character(value, at)
        pieces.append(value[at : at + length].decode() if is_character else replacement)
        at += length
    return "".join(pieces)


def from_utf8_by_code(value: bytes, code: int) -> str:
    """FROM_UTF8(bytes, code point)."""
    if code < 0:
        raise Failure("GENERIC_INTERNAL_ERROR", f"Invalid code point 0x{code & 0xFFFFFFFF:X}")
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise refuse("Invalid replacement character")
    return from_utf8(value, chr(code))


def substr(value: bytes, start: int, length: int) -> bytes:
    """SUBSTR(bytes, start, length)."""
    if start < 0:
        start += len(value) + 1
    if start <= 0 or length <= 0:
        return b""
    return value[start - 1 : start - 1 + length]


def _pad(value: bytes, length: int, by: bytes, *, is_left: bool) -> bytes:
    if not 0 <= length <= _MOST:
        raise refuse(f"Target length must be in the range [0..{_MOST}]")
    if not by:
        raise refuse("Padding bytes must not be empty")
    missing = length - len(value)
    padding = (by * (missing // len(by) + 1))[:missing] if missing > 0 else b""
    return padding + value if is_left and missing > 0 else (value + padding)[:length]


def lpad(value: bytes, length: int, by: bytes) -> bytes:
    """LPAD(bytes, length, padding)."""
    return _pad(value, length, by, is_left=True)


def rpad(value: bytes, length: int, by: bytes) -> bytes:
    """RPAD(bytes, length, padding)."""
    return _pad(value, length, by, is_left=False)


def reverse(value: bytes) -> bytes:
    """REVERSE(bytes)."""
    return value[::-1]


_PACKED = (
    ("big_endian_32", ">i", "INTEGER", "INTEGER", _unpacked),
    ("big_endian_64", ">q", "BIGINT", "BIGINT", _unpacked),
    ("ieee754_32", ">f", "FLOAT", "VARCHAR", _float),
    ("ieee754_64", ">d", "DOUBLE", "VARCHAR", _float),
)
_OF_BYTES: tuple[tuple[Callable[..., Any], str], ...] = (
    (crc32, "BIGINT"),
    (sha512, "BLOB"),
    (xxhash64, "BLOB"),
    (murmur3, "BLOB"),
    (from_base64, "BLOB"),
    (from_base64url, "BLOB"),
    (to_base32, "VARCHAR"),
    (from_base32, "BLOB"),
)
_ONE = ("BLOB",)
FUNCTIONS = (
    *(PythonFunction(f"trino_{call.__name__}", _ONE, kind, call) for call, kind in _OF_BYTES),
    *(
        PythonFunction(f"trino_to_{name}", (kind,), "BLOB", partial(_packed, form))
        for name, form, kind, _, _ in _PACKED
    ),
    *(
        PythonFunction(f"trino_from_{name}", _ONE, kind, partial(call, form))
        for name, form, _, kind, call in _PACKED
    ),
    *(
        PythonFunction(f"trino_hmac_{name}", ("BLOB", "BLOB"), "BLOB", partial(_hmac, name))
        for name in ("md5", "sha1", "sha256", "sha512")
    ),
    PythonFunction("trino_from_hex", ("VARCHAR",), "BLOB", from_hex),
    PythonFunction("trino_from_utf8", ("BLOB", "VARCHAR"), "VARCHAR", from_utf8),
    PythonFunction("trino_from_utf8_by_code", ("BLOB", "BIGINT"), "VARCHAR", from_utf8_by_code),
    PythonFunction("trino_substr_bytes", ("BLOB", "BIGINT", "BIGINT"), "BLOB", substr),
    PythonFunction("trino_lpad_bytes", ("BLOB", "BIGINT", "BLOB"), "BLOB", lpad),
    PythonFunction("trino_rpad_bytes", ("BLOB", "BIGINT", "BLOB"), "BLOB", rpad),
    PythonFunction("trino_reverse_bytes", _ONE, "BLOB", reverse),
)
