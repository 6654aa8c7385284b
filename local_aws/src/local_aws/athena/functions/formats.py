"""format(): Java's Formatter.

An argument comes as a text and the kind of value it is: b boolean, d whole number, f double, r
real, n decimal, s text, D date, M time, T timestamp, Z:zone timestamp with time zone (the instant
in UTC). The kinds of all are joined by |.
"""

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import NoReturn

from local_aws.athena.functions.format_moments import FIELDS, iso_text, moment_text
from local_aws.athena.functions.numbers import double_text, single_text
from local_aws.athena.functions.registry import Failure, PythonFunction

_SPECIFIER = re.compile(
    r"%(?:(\d+)\$)?([-#+ 0,(<]*)(?:([1-9]\d*))?(?:\.(\d+))?(?:([tT])?([a-zA-Z%]))"
)
_MOST_WIDTH = 2**31 - 1
_CONVERSIONS = frozenset("bBhHsScCdoxXeEfgGaA%n")
# Which flags each conversion takes, besides - and those that ask for a width.
_FLAGS = {
    "b": "-", "h": "-", "s": "-", "c": "-", "d": "-+ 0,(", "o": "-#0", "x": "-#0", "e": "-#+ 0(",
    "f": "-#+ 0,(", "g": "-+ 0,(", "%": "-", "n": "", "t": "-",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Specifier:
    """What stands between % and the letter, and the letter.

    Attributes:
        index: of the argument, from 0; None for the next, -1 for the one before again.
        letter: the conversion in lower case; "t" for those of dates, with `field`.
    """

    index: int | None
    flags: str
    width: int
    precision: int | None
    letter: str
    field: str
    is_upper: bool


def format_(pattern: str, kinds: str, values: list[str | None]) -> str:
    """format(pattern, values...)."""
    arguments = list(zip(kinds.split("|"), values, strict=True))
    following, last = 0, -1
    pieces = []
    for one in _parsed(pattern):
        if isinstance(one, str):
            pieces.append(one)
            continue
        if one.letter in "%n":
            pieces.append(_fitted("%" if one.letter == "%" else "\n", one))
            continue
        if one.index is None:
            last, following = following, following + 1
        elif one.index >= 0:
            last = one.index
        if not 0 <= last < len(arguments):
            _refuse(pattern, "MissingFormatArgument")
        pieces.append(_shown(one, *arguments[last], pattern))
    return "".join(pieces)


def _refuse(pattern: str, problem: str) -> NoReturn:
    raise Failure("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern} ({problem})")


@lru_cache(maxsize=1000)
def _parsed(pattern: str) -> tuple[str | Specifier, ...]:
    found: list[str | Specifier] = []
    at = 0
    while (percent := pattern.find("%", at)) >= 0:
        found.append(pattern[at:percent])
        match = _SPECIFIER.match(pattern, percent)
        if match is None:
            _refuse(pattern, "UnknownFormatConversion")
        found.append(_specifier(match, pattern))
        at = match.end()
    return (*found, pattern[at:])


def _specifier(match: re.Match[str], pattern: str) -> Specifier:
    number, flags, width, precision, moment, letter = match.groups()
    if number and not 0 < int(number) <= _MOST_WIDTH:
        _refuse(pattern, "IllegalFormatArgumentIndex")
    if int(width or 0) > _MOST_WIDTH or int(precision or 0) > _MOST_WIDTH:
        _refuse(pattern, "IllegalFormatWidth")
    if not moment and letter not in _CONVERSIONS:
        _refuse(pattern, "UnknownFormatConversion")
    if len(set(flags)) < len(flags):
        _refuse(pattern, "DuplicateFormatFlags")
    index = int(number) - 1 if number else None
    one = Specifier(
        index=-1 if "<" in flags else index,
        flags=flags.replace("<", ""),
        width=int(width or 0),
        precision=None if precision is None else int(precision),
        letter="t" if moment else letter.lower(),
        field=letter if moment else "",
        is_upper=moment == "T" if moment else letter.isupper(),
    )
    _check(one, pattern)
    return one


def _check(one: Specifier, pattern: str) -> None:
    if one.letter == "a":
        raise Failure("NOT_SUPPORTED", "local_aws does not format with %a")
    if set(one.flags) - set(_FLAGS[one.letter]):
        _refuse(pattern, "FormatFlagsConversionMismatch")
    if {"-", "0"} <= set(one.flags) or {"+", " "} <= set(one.flags):
        _refuse(pattern, "IllegalFormatFlags")
    if set(one.flags) & {"-", "0"} and not one.width:
        _refuse(pattern, "MissingFormatWidth")
    if one.precision is not None and one.letter in "cdoxt%n":
        _refuse(pattern, "IllegalFormatPrecision")
    if one.letter == "n" and one.width:
        _refuse(pattern, "IllegalFormatWidth")
    if one.letter == "t" and one.field not in FIELDS:
        _refuse(pattern, "UnknownFormatConversion")


def _fitted(text: str, one: Specifier) -> str:
    # Java counts UTF-16 units.
    missing = one.width - len(text) - sum(letter > "\uffff" for letter in text)
    return text + " " * missing if "-" in one.flags else " " * missing + text


def _cut(text: str, precision: int | None) -> str:
    if precision is None:
        return text
    units = text.encode("utf-16-le")[: precision * 2].decode("utf-16-le", "surrogatepass")
    return "".join("?" if "\ud800" <= letter <= "\udfff" else letter for letter in units)


def _shown(one: Specifier, kind: str, value: str | None, pattern: str) -> str:
    if value is None:
        text = _cut("false" if one.letter == "b" else "null", one.precision)
    elif one.letter in "bsh":
        text = _cut(_GENERAL[one.letter](kind, value), one.precision)
    elif one.letter == "t":
        if kind == "d":
            raise Failure("NOT_SUPPORTED", "local_aws does not format numbers as dates")
        if kind[0] not in FIELDS[one.field]:
            _refuse(pattern, f"IllegalFormatConversion: {one.field}")
        text = moment_text(one.field, kind, value)
    elif kind not in {"d": "d", "o": "d", "x": "d"}.get(one.letter, "frn"):
        _refuse(pattern, f"IllegalFormatConversion: {one.letter}")
    else:
        text = _number(one, kind, value)
    return _fitted(text.upper() if one.is_upper else text, one)


def _boolean(kind: str, value: str) -> str:
    return value if kind == "b" else "true"


def _string(kind: str, value: str) -> str:
    if kind == "f":
        return double_text(float(value))
    if kind == "r":
        return single_text(float(value))
    if kind == "n":
        return str(Decimal(value))
    return value if kind in "bds" else iso_text(kind, value)


def _hash(kind: str, value: str) -> str:
    if kind == "b":
        return "4cf" if value == "true" else "4d5"
    if kind in "df":
        bits = struct.pack(">q", int(value)) if kind == "d" else struct.pack(">d", float(value))
        high, low = struct.unpack(">II", bits)
        return f"{high ^ low:x}"
    if kind != "s":
        raise Failure("NOT_SUPPORTED", "local_aws has no %h of this type")
    code = 0
    units = value.encode("utf-16-be")
    for (unit,) in struct.iter_unpack(">H", units):
        code = (code * 31 + unit) & 0xFFFFFFFF
    return f"{code:x}"


_GENERAL: dict[str, Callable[[str, str], str]] = {"b": _boolean, "s": _string, "h": _hash}


def _number(one: Specifier, kind: str, value: str) -> str:
    if one.letter in "ox":
        digits = format(int(value) & (2**64 - 1), one.letter)
        prefix = {"o": "0", "x": "0x"}[one.letter] if "#" in one.flags else ""
        width = one.width - len(prefix) if "0" in one.flags else 0
        return prefix + digits.rjust(width, "0")
    is_negative = value.startswith("-")
    if kind in "fr" and not math.isfinite(float(value)):
        digits = "NaN" if math.isnan(float(value)) else "Infinity"
        return _signed(digits, one, is_negative=is_negative and digits != "NaN", is_zeros=False)
    amount = Decimal(value.lstrip("-"))
    if kind in "fr" and not amount:
        amount = Decimal(0)
    digits = value.lstrip("-") if kind == "d" else _decimals(amount, one)
    if "," in one.flags:
        whole, point, rest = digits.partition(".")
        digits = f"{int(whole):,}{point}{rest}" if "e" not in whole else digits
    if "#" in one.flags and "." not in digits:
        mantissa, e, exponent = digits.partition("e")
        digits = f"{mantissa}.{e}{exponent}"
    return _signed(digits, one, is_negative=is_negative, is_zeros="0" in one.flags)


def _signed(digits: str, one: Specifier, *, is_negative: bool, is_zeros: bool) -> str:
    before, behind = "", ""
    if is_negative:
        before, behind = ("(", ")") if "(" in one.flags else ("-", "")
    elif digits != "NaN":
        before = "+" if "+" in one.flags else (" " if " " in one.flags else "")
    if is_zeros:
        digits = digits.rjust(one.width - len(before) - len(behind), "0")
    return before + digits + behind


def _decimals(amount: Decimal, one: Specifier) -> str:
    precision = 6 if one.precision is None else one.precision
    with localcontext() as context:
        context.prec = precision + 400
        context.rounding = ROUND_HALF_UP
        if one.letter == "f":
            return format(amount.quantize(Decimal(1).scaleb(-precision)), "f")
        if one.letter == "e":
            return _scientific(amount, precision)
        precision = precision or 1
        context.prec = precision
        rounded = +amount
        context.prec = precision + 400
        if not amount.as_tuple().digits[0] and amount.as_tuple().exponent in (0, -1):
            return format(amount.quantize(Decimal(1).scaleb(1 - precision)), "f")
        if Decimal("1e-4") <= rounded < Decimal(10) ** precision:
            decimals = max(precision - rounded.adjusted() - 1, 0)
            return format(amount.quantize(Decimal(1).scaleb(-decimals)), "f")
        return _scientific(amount, precision - 1)


def _scientific(amount: Decimal, precision: int) -> str:
    power = amount.adjusted()
    digits = amount.scaleb(-power).quantize(Decimal(1).scaleb(-precision))
    if digits >= 10:
        power += 1
        digits = amount.scaleb(-power).quantize(Decimal(1).scaleb(-precision))
    return f"{digits:f}e{'-' if power < 0 else '+'}{abs(power):02d}"


FUNCTIONS = (
    PythonFunction("trino_format", ("VARCHAR", "VARCHAR", "VARCHAR[]"), "VARCHAR", format_),
)
