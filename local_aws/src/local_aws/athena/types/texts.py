"""Values as Athena prints them, out of the JSON in which Trino hands them over."""

import base64
from typing import Any

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
        return value if isinstance(value, str) else java_double(float(value))
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
    is_special = text in ("NaN", "Infinity", "-Infinity")
    if kind.name in ("double", "real") and not is_special:
        return java_double(float(text))
    return _inside(text, kind) if kind.name == "varbinary" else text


def java_double(value: float) -> str:
    """A double as Java's Double.toString: 1.0, 1.0E7, 1.0E-5."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    mantissa, _, exponent = f"{value!r}".partition("e")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return mantissa if "." in mantissa else f"{mantissa}.0"
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    # The point stands behind `whole`; leading zeros of 0.00012 move it back.
    shift = len(whole) - 1 if whole != "0" else -1 - (len(fraction) - len(fraction.lstrip("0")))
    power = int(exponent or 0) + shift
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"
