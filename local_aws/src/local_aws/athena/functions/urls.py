"""URLs."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from local_aws.athena.functions.registry import PythonFunction
from local_aws.athena.functions.texts import refuse
from local_aws.athena.functions.uris import NoUri, Uri, decoded, parse

_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def url_encode(text: str) -> str:
    """URL_ENCODE(text): as a form does, a blank as +."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def url_decode(text: str) -> str:
    """URL_DECODE(text)."""
    if _ESCAPE.search(text):
        raise refuse(f"Illegal hex characters in escape (%) pattern: {text}")
    return decoded(text.replace("+", " "))


def url_extract_parameter(url: str, name: str) -> str | None:
    """URL_EXTRACT_PARAMETER(url, name): the first of the name, which is written as it is."""
    try:
        query = parse(url).raw_query
    except NoUri:
        return None
    for part in [] if query is None else query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return url_decode(value)
    return None


def _extract(part: Callable[[Uri], Any]) -> Callable[[str], Any]:
    def extract(url: str) -> Any:
        try:
            return part(parse(url))
        except NoUri:
            return None

    return extract


_PARTS: tuple[tuple[str, str, Callable[[Uri], Any]], ...] = (
    ("protocol", "VARCHAR", lambda uri: uri.scheme or ""),
    ("host", "VARCHAR", lambda uri: uri.host or ""),
    ("port", "BIGINT", lambda uri: uri.port),
    ("path", "VARCHAR", lambda uri: uri.path or ""),
    ("query", "VARCHAR", lambda uri: uri.query or ""),
    ("fragment", "VARCHAR", lambda uri: uri.fragment or ""),
)
_TEXT = ("VARCHAR",)
FUNCTIONS = (
    PythonFunction("trino_url_encode", _TEXT, "VARCHAR", url_encode),
    PythonFunction("trino_url_decode", _TEXT, "VARCHAR", url_decode),
    PythonFunction(
        "trino_url_extract_parameter", ("VARCHAR", "VARCHAR"), "VARCHAR", url_extract_parameter
    ),
    *(
        PythonFunction(f"trino_url_extract_{name}", _TEXT, kind, _extract(part))
        for name, kind, part in _PARTS
    ),
)
