"""Texts: what DuckDB has no function for, or one that counts bytes."""

import re
import unicodedata
from functools import lru_cache

from local_aws.athena.functions.registry import Failure, PythonFunction

_MOST = 2**31 - 1
_SOUNDEX = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


def refuse(message: str) -> Failure:
    """The failure of an argument that a function does not take."""
    return Failure("INVALID_FUNCTION_ARGUMENT", message)


def replace(text: str, part: str, by: str) -> str:
    """REPLACE(text, part, by): an empty part is found around every character."""
    return text.replace(part, by)


def strpos(text: str, part: str, instance: int) -> int:
    """STRPOS(text, part, instance): where the n-th is; negative ones count from the end."""
    if instance in (0, -(2**63)):
        raise refuse("'instance' must be a positive or negative number.")
    if not part:
        return 1
    start = -1 if instance > 0 else len(text)
    for _ in range(min(abs(instance), len(text) + 1)):
        # The next may overlap.
        if instance > 0:
            start = text.find(part, start + 1)
        else:
            start = text.rfind(part, 0, start + len(part) - 1)
        if start < 0:
            return 0
    return start + 1


def split(text: str, delimiter: str, limit: int) -> list[str]:
    """SPLIT(text, delimiter, limit): the last part keeps the rest."""
    if limit <= 0:
        raise refuse("Limit must be positive")
    if limit > _MOST:
        raise refuse("Limit is too large")
    if not delimiter:
        raise refuse("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def _entries(text: str, between: str, within: str) -> list[tuple[str, str]]:
    if not between:
        raise refuse("entryDelimiter is empty")
    if not within:
        raise refuse("keyValueDelimiter is empty")
    if between == within:
        raise refuse("entryDelimiter and keyValueDelimiter must not be the same")
    parts = text.split(between)
    if not parts[-1]:
        parts.pop()
    found = []
    for part in parts:
        key, _, value = part.partition(within)
        if within not in part or within in value:
            message = "Key-value delimiter must appear exactly once in each entry. Bad input: "
            raise refuse(f"{message}'{part}'")
        found.append((key, value))
    return found


def split_to_map(text: str, between: str, within: str) -> dict[str, str]:
    """SPLIT_TO_MAP(text, entry delimiter, key-value delimiter)."""
    found: dict[str, str] = {}
    for key, value in _entries(text, between, within):
        if key in found:
            raise refuse(f"Duplicate keys ({key}) are not allowed")
        found[key] = value
    return found


def split_to_multimap(text: str, between: str, within: str) -> dict[str, list[str]]:
    """SPLIT_TO_MULTIMAP(text, entry delimiter, key-value delimiter)."""
    found: dict[str, list[str]] = {}
    for key, value in _entries(text, between, within):
        found.setdefault(key, []).append(value)
    return found


def levenshtein(left: str, right: str) -> int:
    """LEVENSHTEIN_DISTANCE(left, right), of code points."""
    if len(left) < len(right):
        left, right = right, left
    if not right:
        return len(left)
    if len(left) * (len(right) - 1) > 1_000_000:
        raise refuse("The combined inputs for Levenshtein distance are too large")
    row = list(range(len(right) + 1))
    for number, one in enumerate(left, 1):
        before, row[0] = row[0], number
        for index, other in enumerate(right, 1):
            here = min(row[index] + 1, row[index - 1] + 1, before + (one != other))
            before, row[index] = row[index], here
    return row[-1]


def hamming(left: str, right: str) -> int:
    """HAMMING_DISTANCE(left, right), of code points."""
    if len(left) != len(right):
        message = "The input strings to hamming_distance function must have the same length"
        raise refuse(message)
    return sum(one != other for one, other in zip(left, right, strict=True))


def soundex(text: str) -> str:
    """SOUNDEX(text), as Apache Commons Codec has it: letters without a code fail."""
    letters = "".join(one for one in text if one.isalpha() and one <= "\uffff").upper()
    if not letters:
        return ""
    codes, last = letters[0], _soundex_code(letters[0])
    for letter in letters[1:]:
        if len(codes) == 4:
            break
        if letter in "HW":
            continue
        code = _soundex_code(letter)
        if code not in ("0", last):
            codes += code
        last = code
    return codes.ljust(4, "0")


def _soundex_code(letter: str) -> str:
    code = _SOUNDEX.get(letter)
    if code is None:
        raise refuse(f"The character is not mapped: {letter} (index={ord(letter) - 65})")
    return code


def luhn_check(digits: str) -> bool:
    """LUHN_CHECK(digits): is the last one the check digit of the others?"""
    if any(one not in "0123456789" for one in digits):
        raise refuse("Input contains non-digit character")
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return bool(digits) and total % 10 == 0


def normalize(text: str, form: str) -> str:
    """NORMALIZE(text, form)."""
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def like(text: str, pattern: str, escape: str) -> bool:
    """Text LIKE pattern ESCAPE escape."""
    return _like_pattern(pattern, escape).fullmatch(text) is not None


@lru_cache(maxsize=1000)
def _like_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    if len(escape) != 1:
        raise refuse("Escape string must be a single character")
    pieces = []
    letters = iter(pattern)
    for letter in letters:
        if letter != escape:
            pieces.append({"%": ".*", "_": "."}.get(letter) or re.escape(letter))
            continue
        escaped = next(letters, "")
        if escaped not in (escape, "%", "_"):
            message = "Escape character must be followed by '%', '_' or the escape character"
            raise refuse(f"{message} itself")
        pieces.append(re.escape(escaped))
    return re.compile("".join(pieces), re.DOTALL)


_TWO, _THREE = ("VARCHAR",) * 2, ("VARCHAR",) * 3
_MAP, _MULTIMAP = "MAP(VARCHAR, VARCHAR)", "MAP(VARCHAR, VARCHAR[])"
FUNCTIONS = (
    PythonFunction("trino_replace", _THREE, "VARCHAR", replace),
    PythonFunction("trino_strpos", (*_TWO, "BIGINT"), "BIGINT", strpos),
    PythonFunction("trino_split", (*_TWO, "BIGINT"), "VARCHAR[]", split),
    PythonFunction("trino_split_to_map", _THREE, _MAP, split_to_map),
    PythonFunction("trino_split_to_multimap", _THREE, _MULTIMAP, split_to_multimap),
    PythonFunction("trino_levenshtein", _TWO, "BIGINT", levenshtein),
    PythonFunction("trino_hamming", _TWO, "BIGINT", hamming),
    PythonFunction("trino_soundex", ("VARCHAR",), "VARCHAR", soundex),
    PythonFunction("trino_luhn_check", ("VARCHAR",), "BOOLEAN", luhn_check),
    PythonFunction("trino_like", _THREE, "BOOLEAN", like),
    PythonFunction("trino_normalize", _TWO, "VARCHAR", normalize),
)
