"""Numbers as Java reads them: the forms that Trino's line readers take."""

import re
import struct
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

BLANKS = "".join(map(chr, range(33)))
_WHOLE = re.compile(r"[-+]?[0-9]+")
_HEX = re.compile(r"0[xX]([0-9a-fA-F].*)")
_OCTAL = re.compile(r"0([0-8].*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?")
_FLOAT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)[dDfF]?")
_HEX_FLOAT = re.compile(
    r"([-+]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][-+]?[0-9]+)[dDfF]?"
)
_SPECIAL = re.compile(r"[-+]?(?:NaN|Infinity)")
_EXACT = Context(prec=1000, Emax=999_999_999, Emin=-999_999_999)
_LONG = (-(2**63), 2**63 - 1)
# The least double that Float.parseFloat takes for infinite.
_SINGLE_OVERFLOW = 3.4028235677973366e38


def parse_long(text: str, radix: int = 10) -> int | None:
    """Long.parseLong; None if it fails."""
    if radix == 10 and not _WHOLE.fullmatch(text):
        return None
    if not re.fullmatch("[-+]?[0-9a-zA-Z]+", text):
        return None
    try:
        value = int(text, radix)
    except ValueError:
        return None
    return value if _LONG[0] <= value <= _LONG[1] else None


def parse_long_of_any_radix(text: str) -> int | None:
    """A number in decimal, in hex behind 0x or in octal behind 0."""
    found = _HEX.fullmatch(text)
    if found:
        return parse_long(found[1], 16)
    found = _OCTAL.fullmatch(text)
    return parse_long(found[1], 8) if found else parse_long(text)


def parse_decimal(text: str) -> Decimal | None:
    """The BigDecimal of a text; None if it is none."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = Decimal(text)
    return value if value else value.copy_abs()  # a BigDecimal has no negative zero


def whole_of(value: Decimal) -> int | None:
    """The long that is left when the fraction is cut off."""
    if value.adjusted() > 20:
        return None
    whole = int(value.to_integral_value(ROUND_DOWN))
    return whole if _LONG[0] <= whole <= _LONG[1] else None


def decimal_text(value: Decimal, precision: int, scale: int) -> str | None:
    """The text of a value in a decimal type, rounded half up; None if it does not fit."""
    if value.adjusted() > precision:
        return None
    fitted = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    if len(fitted.as_tuple().digits) > precision and fitted:
        return None
    return format(fitted if fitted else fitted.copy_abs(), "f")


def double_text(text: str, *, is_single: bool = False) -> str | None:
    """Double.parseDouble or Float.parseFloat, as text for DuckDB; None if it fails."""
    text = text.strip(BLANKS)
    if _SPECIAL.fullmatch(text):
        return text.lstrip("+")
    found = _FLOAT.fullmatch(text)
    value = float(found[1]) if found else _hex_float(text)
    if value is None:
        return None
    if not is_single:
        return _shown(value)
    if abs(value) >= _SINGLE_OVERFLOW:
        return _shown(float("inf") if value > 0 else float("-inf"))
    is_plain = found is not None and abs(value) > 1e-30
    return (
        found[1] if found and is_plain else _shown(struct.unpack("f", struct.pack("f", value))[0])
    )


def _hex_float(text: str) -> float | None:
    found = _HEX_FLOAT.fullmatch(text)
    return float.fromhex(found[1]) if found else None


def _shown(value: float) -> str:
    return {"inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))


def text_of(text: str) -> str:
    """A text as Java writes it in UTF-8: half of a surrogate pair is a question mark."""
    if text.isascii():
        return text
    return (
        text.encode("utf-16-le", "surrogatepass")
        .decode("utf-16-le", "surrogatepass")
        .encode("utf-8", "replace")
        .decode()
    )
