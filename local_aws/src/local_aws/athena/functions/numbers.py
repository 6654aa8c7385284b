"""Numbers: Java's texts of floating-point values, decimals beyond what DuckDB computes."""

import math
import re
import struct
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext

from local_aws.athena.functions.registry import Failure, PythonFunction

_WIDE = Context(prec=160)
_MOST_DIGITS = 10**38


def single_text(value: float) -> str:
    """The shortest digits that are this REAL, as Java's Float.toString."""
    return java_text(_shortest(value, "f", 9))


def java_text(shortest: str) -> str:
    """Shortest decimal text of a value, e.g. 1e-05 -> as Java writes it: 1.0E-5."""
    value = float(shortest)
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    sign, digits, exponent = Decimal(shortest).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    minus = "-" if sign else ""
    if not text:
        return f"{minus}0.0"
    power = len(text) - 1 + exponent
    text = text.rstrip("0") or "0"
    if -3 <= power < 7:
        if power < 0:
            return f"{minus}0.{'0' * (-power - 1)}{text}"
        text = text.ljust(power + 1, "0")
        return f"{minus}{text[: power + 1]}.{text[power + 1 :] or '0'}"
    return f"{minus}{text[0]}.{text[1:] or '0'}E{power}"


def _shortest(value: float, form: str, most: int) -> str:
    if math.isnan(value) or math.isinf(value):
        return str(value)
    for digits in range(2, most + 1):
        # Two digits at least: of several that are the value Java takes the closest.
        text = f"{value:.{digits - 1}e}"
        if struct.unpack(form, struct.pack(form, float(text)))[0] == value:
            return text
    return f"{value:.{most - 1}e}"


def double_text(value: float) -> str:
    """A DOUBLE as Java's Double.toString."""
    if math.isnan(value) or math.isinf(value):
        return java_text(str(value))
    shortest = repr(value)
    if abs(value) < 1e-300 and value:
        shortest = _shortest(value, "d", 17)
    return java_text(shortest)


def _scientific(digits: str, power: int, most: int) -> str:
    # java.text.DecimalFormat("0.0###E0"): `most` digits, half to even.
    if len(digits) > most:
        kept = Decimal(digits).scaleb(most - len(digits)).to_integral_value()
        if len(str(kept)) > most:
            power += 1
        digits = str(kept)
    digits = digits.rstrip("0") or "0"
    return f"{digits[0]}.{digits[1:] or '0'}E{power}"


def _cast_text(value: float, most: int) -> str:
    if math.isnan(value) or math.isinf(value):
        return java_text(str(value))
    minus = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        return f"{minus}0E0"
    digits, power = _old_java_digits(abs(value))
    return minus + _scientific(digits, power, most)


def double_to_varchar(value: float) -> str:
    """CAST(double AS varchar): always with an exponent, of digits as Java's DecimalFormat has."""
    return _cast_text(value, 20)


def real_to_varchar(value: float) -> str:
    """CAST(real AS varchar): seven digits."""
    return _cast_text(value, 7)


# 10^n that lose no significant digit of a number shifted by so many bits.
_INSIGNIFICANT = (
    0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9,
    9, 9, 10, 10, 10, 11, 11, 11, 12, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15, 15, 16, 16,
    16, 17, 17, 17, 18, 18, 18, 19,
)  # fmt: skip


def _old_java_digits(value: float) -> tuple[str, int]:
    """Digits and the power of ten of the first, as DecimalFormat finds them.

    It goes by the algorithm that Double.toString had before JDK 19, which may give a digit more
    than it takes, or not the closest.
    """
    bits = struct.unpack(">q", struct.pack(">d", value))[0]
    exponent, fraction = bits >> 52, bits & ((1 << 52) - 1)
    if exponent == 0:
        shift = 53 - fraction.bit_length()
        fraction <<= shift
        exponent = 1 - shift
        significant = 53 - shift
    else:
        fraction |= 1 << 52
        significant = 53
    exponent -= 1023
    tail = (fraction & -fraction).bit_length() - 1
    bits_used = 53 - tail
    below = max(0, bits_used - exponent - 1)
    if -21 <= exponent <= 62 and below == 0:
        whole = fraction << (exponent - 52) if exponent >= 52 else fraction >> (52 - exponent)
        drop = exponent - significant - 1
        lost = _INSIGNIFICANT[drop] if exponent > significant and drop > 1 else 0
        return _whole_digits(whole, lost)
    return _generated_digits(value, fraction >> tail, exponent, bits_used, below, significant)


def _whole_digits(whole: int, lost: int) -> tuple[str, int]:
    if lost:
        unit = 10**lost
        whole, rest = divmod(whole, unit)
        whole += rest >= unit >> 1
    text = str(whole)
    return text.rstrip("0"), len(text) - 1 + lost


def _generated_digits(
    value: float, fraction: int, exponent: int, bits_used: int, below: int, significant: int
) -> tuple[str, int]:
    mantissa = math.frexp(value)[0] * 2
    power = math.floor((mantissa - 1.5) * 0.289529654 + 0.176091259 + exponent * 0.301029995663981)
    b5, s5 = max(0, -power), max(0, power)
    b2, s2 = b5 + below + exponent, s5 + below
    m2 = b2 - significant
    b2 -= bits_used - 1
    common = min(b2, s2)
    b2, s2, m2 = b2 - common, s2 - common, m2 - common
    if bits_used == 1:
        m2 -= 1
    if m2 < 0:
        b2, s2, m2 = b2 - m2, s2 - m2, 0
    rest, unit, step = fraction * 5**b5 << b2, 5**s5 << s2, 5**b5 << m2
    tens = unit * 10
    digit, rest = divmod(rest, unit)
    rest, step = rest * 10, step * 10
    low, high = rest < step, rest + step > tens
    digits = []
    if digit == 0 and not high:
        power -= 1
    else:
        digits.append(digit)
    if power < -3 or power >= 8:
        low = high = False
    while not low and not high:
        digit, rest = divmod(rest, unit)
        rest, step = rest * 10, step * 10
        low, high = rest < step, rest + step > tens
        digits.append(digit)
    more = (rest << 1) - tens
    if high and (not low or more > 0 or (more == 0 and digits[-1] & 1)):
        whole = int("".join(map(str, digits))) + 1
        text = str(whole)
        power += len(text) - len(digits)
    else:
        text = "".join(map(str, digits))
    return text.rstrip("0") or "0", power


def plain_text(value: float) -> str:
    """The shortest digits of a DOUBLE without an exponent, for a cast to a decimal."""
    return format(Decimal(repr(value)), "f")


def plain_real_text(value: float) -> str:
    """The shortest digits of a REAL without an exponent, for a cast to a decimal."""
    return format(Decimal(_shortest(value, "f", 9)), "f")


def decimal_divide(left: str, right: str, scale: int) -> str:
    """Divide decimals, given as texts, to `scale` digits, half away from zero."""
    divisor = Decimal(right)
    if divisor == 0:
        raise Failure("DIVISION_BY_ZERO", "Division by zero")
    with localcontext(_WIDE):
        return _fitting(Decimal(left) / divisor, scale, "division")


def decimal_multiply(left: str, right: str, scale: int) -> str:
    """Multiply decimals whose product may have more than 38 digits."""
    with localcontext(_WIDE):
        return _fitting(Decimal(left) * Decimal(right), scale, "multiplication")


def decimal_add(left: str, right: str, scale: int) -> str:
    """Add decimals whose sum may have more than 38 digits."""
    with localcontext(_WIDE):
        return _fitting(Decimal(left) + Decimal(right), scale, "addition")


def decimal_remainder(left: str, right: str, scale: int) -> str:
    """Left % right, with the sign of left."""
    one, other = Decimal(left), Decimal(right)
    if other == 0:
        raise Failure("DIVISION_BY_ZERO", "Division by zero")
    with localcontext(_WIDE):
        rest = one - other * (one / other).to_integral_value(rounding=ROUND_DOWN)
        return _fitting(rest, scale, "remainder")


def round_decimal(text: str, digits: int) -> str:
    """ROUND of a decimal to some digits behind the point, or before it."""
    with localcontext(_WIDE):
        return format(
            Decimal(text).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP), "f"
        )


def _fitting(value: Decimal, scale: int, what: str) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP)
    if abs(rounded.scaleb(scale)) >= _MOST_DIGITS:
        raise Failure("NUMERIC_VALUE_OUT_OF_RANGE", f"Decimal {what} overflow")
    return format(rounded, "f")


def truncate_decimal(text: str, digits: int) -> str:
    """TRUNCATE of a decimal to some digits behind the point, or before it."""
    with localcontext(_WIDE):
        unit = Decimal(1).scaleb(-digits)
        return format(Decimal(text).quantize(unit, rounding=ROUND_DOWN), "f")


def from_base(text: str, base: int) -> int:
    """FROM_BASE: a whole number's text."""
    if not 2 <= base <= 36:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")
    try:
        value = int(text, base) if not re.search(r"[\s_]", text) else None
    except ValueError:
        value = None
    if value is None or not -(2**63) <= value < 2**63:
        message = f"Not a valid base-{base} number: {text}"
        raise Failure("INVALID_FUNCTION_ARGUMENT", message)
    return value


def to_base(value: int, base: int) -> str:
    """TO_BASE: digits and small letters."""
    if not 2 <= base <= 36:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "Radix must be between 2 and 36")
    digits, rest = "", abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"-{digits}" if value < 0 else digits


def logarithm(base: float, value: float) -> str:
    """LOG(base, value), as Java divides logarithms; its text, for DuckDB takes NaN for NULL."""
    return repr(_logarithm(base, value))


def _logarithm(base: float, value: float) -> float:
    below, above = _ln(base), _ln(value)
    if below == 0:
        return math.nan if above == 0 or math.isnan(above) else math.copysign(math.inf, above)
    return math.nan if math.isinf(above) and math.isinf(below) else above / below


def _ln(value: float) -> float:
    if value == 0:
        return -math.inf
    return math.nan if value < 0 else math.log(value)


def power(base: float, exponent: float) -> str:
    """POWER, as Java's: of 1 or -1 and an infinity, or of 1 and NaN, it is NaN; its text."""
    return repr(_power(base, exponent))


def _power(base: float, exponent: float) -> float:
    if math.isnan(exponent) or (abs(base) == 1 and math.isinf(exponent)):
        return math.nan
    try:
        return math.pow(base, exponent)
    except OverflowError:
        is_odd = exponent == int(exponent) and int(exponent) % 2 == 1
        return -math.inf if base < 0 and is_odd else math.inf
    except ValueError:
        if base == 0:
            is_odd = exponent == int(exponent) and int(exponent) % 2 == 1
            return math.copysign(math.inf, base) if is_odd else math.inf
        return math.nan


def cube_root(value: float) -> float:
    """CBRT, exact for cubes."""
    if value == 0 or math.isnan(value) or math.isinf(value):
        return value
    root = math.copysign(abs(value) ** (1 / 3), value)
    return root - (root * root * root - value) / (3 * root * root)


FUNCTIONS = (
    PythonFunction("trino_round_decimal", ("VARCHAR", "INTEGER"), "VARCHAR", round_decimal),
    PythonFunction("trino_truncate_decimal", ("VARCHAR", "INTEGER"), "VARCHAR", truncate_decimal),
    PythonFunction("trino_from_base", ("VARCHAR", "BIGINT"), "BIGINT", from_base),
    PythonFunction("trino_to_base", ("BIGINT", "BIGINT"), "VARCHAR", to_base),
    PythonFunction("trino_log", ("DOUBLE", "DOUBLE"), "VARCHAR", logarithm),
    PythonFunction("trino_power", ("DOUBLE", "DOUBLE"), "VARCHAR", power),
    PythonFunction("trino_cbrt", ("DOUBLE",), "DOUBLE", cube_root),
    PythonFunction("trino_real_text", ("FLOAT",), "VARCHAR", single_text),
    PythonFunction("trino_double_text", ("DOUBLE",), "VARCHAR", double_text),
    PythonFunction("trino_double_to_varchar", ("DOUBLE",), "VARCHAR", double_to_varchar),
    PythonFunction("trino_real_to_varchar", ("FLOAT",), "VARCHAR", real_to_varchar),
    PythonFunction("trino_plain_text", ("DOUBLE",), "VARCHAR", plain_text),
    PythonFunction("trino_plain_real_text", ("FLOAT",), "VARCHAR", plain_real_text),
    *(
        PythonFunction(f"trino_{call.__name__}", ("VARCHAR", "VARCHAR", "INTEGER"), "VARCHAR", call)
        for call in (decimal_divide, decimal_multiply, decimal_add, decimal_remainder)
    ),
)
