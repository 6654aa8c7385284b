"""Values as Athena prints them, out of the JSON in which Trino hands them over."""

import base64
from typing import Any

from local_aws.athena.functions.numbers import double_text
from local_aws.athena.types.sqltypes import Type


def text_of(value: Any, kind: Type) -> str | None:
    """The text of a value in a result; None for NULL.

    Args:
        value: as in Trino's client protocol: numbers, booleans, lists (of rows too) and objects (of
            maps) as in JSON, everything else as text.
        kind: its type.
    """
    if value is None:
        return None
    if kind.name in ("double", "real"):
        return value if isinstance(value, str) else double_text(float(value))
    if kind.name == "boolean":
        return "true" if value else "false"
    if kind.name == "varbinary":
        return base64.b64decode(value).hex(" ")
    if kind.name == "array":
        return f"[{', '.join(_inside(item, kind.items[0]) for item in value)}]"
    if kind.name == "map":
        pairs = (
            f"{_key(key, kind.items[0])}={_inside(item, kind.items[1])}"
            for key, item in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if kind.name == "row":
        fields = (
            f"{label or f'field{number}'}={_inside(item, inner)}"
            for number, (item, label, inner) in enumerate(
                zip(value, kind.labels, kind.items, strict=True)
            )
        )
        return f"{{{', '.join(fields)}}}"
    return str(value)


def _inside(value: Any, kind: Type) -> str:
    text = text_of(value, kind)
    return "null" if text is None else text


def _key(text: str, kind: Type) -> str:
    # Keys of JSON objects are texts, whatever their type; of nested types they are as printed.
    if kind.name in ("double", "real") and text not in ("NaN", "Infinity", "-Infinity"):
        return _inside(float(text), kind)
    return _inside(text, kind) if kind.name == "varbinary" else text
