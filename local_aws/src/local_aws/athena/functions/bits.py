"""Bits of whole numbers. Java looks at the last six bits of how far to shift."""

from local_aws.athena.functions.registry import PythonFunction
from local_aws.athena.functions.texts import refuse


def _signed(value: int, bits: int) -> int:
    value &= 2**bits - 1
    return value - 2**bits if value >> (bits - 1) else value


def bitwise_left_shift(value: int, shift: int, bits: int) -> int:
    """BITWISE_LEFT_SHIFT(value, shift) of so many bits."""
    return 0 if shift >= bits else _signed(value << (shift & 63), bits)


def bitwise_right_shift(value: int, shift: int, bits: int) -> int:
    """BITWISE_RIGHT_SHIFT(value, shift): zeros come in."""
    if shift >= bits:
        return 0
    return _signed((value & (2**bits - 1)) >> (shift & 63), bits)


def bitwise_right_shift_arithmetic(value: int, shift: int, bits: int) -> int:
    """BITWISE_RIGHT_SHIFT_ARITHMETIC(value, shift): the sign comes in."""
    return value >> (63 if shift >= bits else shift & 63)


def bit_count(value: int, bits: int) -> int:
    """BIT_COUNT(value, bits)."""
    if bits <= 1 or bits > 64:
        raise refuse(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        message = "Number must be representable with the bits specified. "
        raise refuse(f"{message}{value} cannot be represented with {bits} bits")
    return f"{value & (2**bits - 1):b}".count("1")


_SHIFT = ("BIGINT", "INTEGER", "INTEGER")
FUNCTIONS = (
    *(
        PythonFunction(f"trino_{call.__name__}", _SHIFT, "BIGINT", call)
        for call in (bitwise_left_shift, bitwise_right_shift, bitwise_right_shift_arithmetic)
    ),
    PythonFunction("trino_bit_count", ("BIGINT", "BIGINT"), "BIGINT", bit_count),
)
