"""Hashes that Python's library has not: xxHash64 and MurmurHash3."""

import struct

_WORD = 2**64 - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _WORD


def _round(state: int, lane: int) -> int:
    return _rotate((state + lane * _P2) & _WORD, 31) * _P1 & _WORD


def xxhash64(value: bytes) -> bytes:
    """XXHASH64(bytes): xxHash's 64-bit algorithm with seed 0, as eight bytes."""
    at = len(value) // 32 * 32
    if at:
        states = [(_P1 + _P2) & _WORD, _P2, 0, -_P1 & _WORD]
        for lanes in struct.iter_unpack("<4Q", value[:at]):
            states = [_round(state, lane) for state, lane in zip(states, lanes, strict=True)]
        bits = (1, 7, 12, 18)
        total = sum(_rotate(state, n) for state, n in zip(states, bits, strict=True)) & _WORD
        for state in states:
            total = ((total ^ _round(0, state)) * _P1 + _P4) & _WORD
    else:
        total = _P5
    total = _tail((total + len(value)) & _WORD, value[at:])
    for shift, prime in ((33, _P2), (29, _P3)):
        total = (total ^ (total >> shift)) * prime & _WORD
    return struct.pack(">Q", total ^ (total >> 32))


def _tail(total: int, rest: bytes) -> int:
    at = 0
    while len(rest) - at >= 8:
        lane = struct.unpack_from("<Q", rest, at)[0]
        total = (_rotate(total ^ _round(0, lane), 27) * _P1 + _P4) & _WORD
        at += 8
    if len(rest) - at >= 4:
        lane = struct.unpack_from("<I", rest, at)[0]
        total = (_rotate(total ^ (lane * _P1 & _WORD), 23) * _P2 + _P3) & _WORD
        at += 4
    for byte in rest[at:]:
        total = _rotate(total ^ (byte * _P5 & _WORD), 11) * _P1 & _WORD
    return total


_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def murmur3(value: bytes) -> bytes:
    """MURMUR3(bytes): the 128 bits of MurmurHash3_x64_128 with seed 0, least byte first."""
    one = other = 0
    full = len(value) // 16 * 16
    for low, high in struct.iter_unpack("<2Q", value[:full]):
        one ^= _rotate(low * _C1 & _WORD, 31) * _C2 & _WORD
        one = ((_rotate(one, 27) + other) * 5 + 0x52DCE729) & _WORD
        other ^= _rotate(high * _C2 & _WORD, 33) * _C1 & _WORD
        other = ((_rotate(other, 31) + one) * 5 + 0x38495AB5) & _WORD
    low, high = struct.unpack("<2Q", value[full:].ljust(16, b"\0"))
    one ^= _rotate(low * _C1 & _WORD, 31) * _C2 & _WORD
    other ^= _rotate(high * _C2 & _WORD, 33) * _C1 & _WORD
    one, other = one ^ len(value), other ^ len(value)
    one = (one + other) & _WORD
    other = (other + one) & _WORD
    one, other = _mixed(one), _mixed(other)
    one = (one + other) & _WORD
    return struct.pack("<2Q", one, (other + one) & _WORD)


def _mixed(value: int) -> int:
    for prime in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value = (value ^ (value >> 33)) * prime & _WORD
    return value ^ (value >> 33)
