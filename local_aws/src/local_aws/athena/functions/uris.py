"""URLs as java.net.URI reads them: RFC 2396, with IPv6 addresses and letters beyond ASCII."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_UNRESERVED = r"A-Za-z0-9_\-!.~'()*"
_PATH = _UNRESERVED + r":@&=+$,;/"
_ANY = _PATH + r"?\[\]"
_USER = _UNRESERVED + ";:&=+$,"
_NAME = _UNRESERVED + "$,;:@&=+"

# A percent sign, too: it may begin the scope of an IPv6 address.
_SERVER = re.compile(rf"(?:[{_USER}@\[\]%]|[^\x00-\x80])*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
_PORT = re.compile(r"\d*")


class NoUri(ValueError):  # noqa: N818 - it is what the text is
    """The text is no URI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """A URI's parts, None for what it does not have; as they are written, but without escapes.

    Attributes:
        raw_query: with its escapes.
    """

    scheme: str | None
    host: str | None
    port: int | None
    path: str | None
    query: str | None
    raw_query: str | None
    fragment: str | None


def _is_other(letter: str) -> bool:
    # java.net.URI: beyond ASCII, neither a space nor a control character.
    return letter > "\x80" and unicodedata.category(letter) not in ("Zs", "Zl", "Zp", "Cc")


@lru_cache(maxsize=100)
def _pattern(allowed: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[{allowed}]|%[0-9A-Fa-f]{{2}}|[^\x00-\x80])*")


def _scanned(text: str, allowed: str) -> int:
    """How far the text has letters of a kind, or escapes; a wrong escape fails at once."""
    end = _pattern(allowed).match(text).end()  # type: ignore[union-attr]
    if not text.isascii():
        end = next((at for at in range(end) if text[at] > "\x80" and not _is_other(text[at])), end)
    if text[end : end + 1] == "%":
        raise NoUri(text)
    return end


def _check(text: str, allowed: str) -> str:
    if _scanned(text, allowed) < len(text):
        raise NoUri(text)
    return text


@lru_cache(maxsize=5000)  # a query takes several parts of a URL; DuckDB asks for 2048 at a time
def parse(text: str) -> Uri:
    """Read a URI.

    Raises:
        NoUri: it is none.
    """
    colon = re.match(r"[^/?#:]*:", text)
    scheme, rest = None, text
    if colon:
        scheme, rest = text[: colon.end() - 1], text[colon.end() :]
        if not _SCHEME.fullmatch(scheme):
            raise NoUri(text)
    rest, mark, fragment = rest.partition("#")
    if mark:
        _check(fragment, _ANY)
    if scheme is not None and not rest.startswith("/"):
        if not rest:
            raise NoUri(text)
        _check(rest, _ANY)
        host, port, path, query = None, None, None, None
    else:
        host, port, path, query = _hierarchical(rest, is_end=not mark)
    return Uri(
        scheme=scheme,
        host=host,
        port=port,
        path=None if path is None else decoded(path),
        query=None if query is None else decoded(query),
        raw_query=query,
        fragment=decoded(fragment) if mark else None,
    )


def _hierarchical(text: str, *, is_end: bool) -> tuple[str | None, int | None, str, str | None]:
    host, port = None, None
    if text.startswith("//"):
        authority = re.match(r"//([^/?]*)", text)
        assert authority is not None
        rest = text[authority.end() :]
        if authority[1]:
            host, port = _authority(authority[1])
        elif not rest and is_end:
            raise NoUri(text)
        text = rest
    path, mark, query = text.partition("?")
    _check(path, _PATH)
    return host, port, path, _check(query, _ANY) if mark else None


def _authority(text: str) -> tuple[str | None, int | None]:
    """Host and port; neither if the text is only the name of a registry."""
    is_name = _scanned(text, _NAME) == len(text)
    if _SERVER.fullmatch(text):
        try:
            return _server(text)
        except NoUri:
            if not is_name:
                raise
    if not is_name:
        raise NoUri(text)
    return None, None


def _server(text: str) -> tuple[str, int | None]:
    user, at, rest = text.partition("@")
    if at:
        _check(user, _USER)
        text = rest
    if text.startswith("["):
        host, bracket, text = text.partition("]")
        if not bracket:
            raise NoUri(text)
        _check_ipv6(host[1:])
        host += "]"
    else:
        host = _host(text)
        text = text[len(host) :]
    if not text:
        return host, None
    if not text.startswith(":") or not text[1:].isascii() or not _PORT.fullmatch(text[1:]):
        raise NoUri(text)
    if len(text) > 1 and int(text[1:]) > 2**31 - 1:
        raise NoUri(text)
    return host, int(text[1:]) if len(text) > 1 else None


def _check_ipv6(text: str) -> None:
    address, mark, scope = text.partition("%")
    if mark and not re.fullmatch(r"[A-Za-z0-9_.\-]+", scope):
        raise NoUri(text)
    try:
        ipaddress.IPv6Address(address)
    except ValueError as error:
        raise NoUri(text) from error


def _host(text: str) -> str:
    found = re.match(r"[^:]*", text)
    assert found is not None
    host = found[0]
    if _IPV4.fullmatch(host) and all(int(part) < 256 for part in host.split(".")):
        return host
    labels = host.removesuffix(".").split(".")
    if not all(map(_HOST.fullmatch, labels)):
        raise NoUri(text)
    if len(labels) > 1 and not labels[-1][0].isalpha():
        raise NoUri(text)
    return host


_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# Halves of a character, which Java takes for one broken piece, Python for several.
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")


def decoded(text: str) -> str:
    """Without its escapes, which are UTF-8; what is none is replaced."""
    if "%" not in text:
        return text

    def letters(run: re.Match[str]) -> str:
        value = _SURROGATE.sub(b"\xff", bytes.fromhex(run[0].replace("%", "")))
        return value.decode(errors="replace")

    return _ESCAPES.sub(letters, text)
