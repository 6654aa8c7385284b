"""Regular expressions as Trino's Joni has them, by Python's; what Python has not is refused."""

import re
from collections.abc import Iterator
from functools import lru_cache

from local_aws.athena.functions.registry import Failure, PythonFunction

# \w, \d and \s are of ASCII alone, though letters are the same in either case beyond it.
_CLASSES = {"w": "A-Za-z0-9_", "d": "0-9", "s": r" \t\n\x0b\f\r"}
_PLAIN_ESCAPES = frozenset("tnrfabB.^$*+?()[]{}|\\/-\"'#&~@!%,:;<>=_` ")
_SYNTAX = ("missing", "unterminated", "unbalanced", "nothing to repeat", "multiple repeat", "bad")


@lru_cache(maxsize=500)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Trino's.

    Raises:
        Failure: it is wrong, or has what Python's expressions have not.
    """
    try:
        return re.compile("".join(_translated(pattern)))
    except re.error as error:
        is_wrong = error.msg.startswith(_SYNTAX)
        name = "INVALID_FUNCTION_ARGUMENT" if is_wrong else "NOT_SUPPORTED"
        raise Failure(name, f"{error.msg}: {pattern}") from None


def _translated(pattern: str) -> Iterator[str]:
    at, in_class = 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            text, at = _escape(pattern, at, in_class=in_class)
            yield text
            continue
        if in_class and (letter == "[" or pattern.startswith("&&", at)):
            raise _refused(pattern, "sets of characters in others")
        if letter == "[" or (letter == "]" and in_class):
            in_class = letter == "["
            if in_class and pattern.startswith(("[]", "[^]"), at):
                raise _refused(pattern, "a set that begins with ]")
        if pattern.startswith("(?<", at) and not in_class and pattern[at + 3 : at + 4] not in "=!":
            yield "(?P<"
            at += 3
            continue
        yield letter
        at += 1


def _escape(pattern: str, at: int, *, in_class: bool) -> tuple[str, int]:
    letter = pattern[at + 1 : at + 2]
    if letter.lower() in _CLASSES and letter:
        inside = _CLASSES[letter.lower()]
        if in_class and letter.isupper():
            raise _refused(pattern, f"\\{letter} in a set")
        shown = inside if in_class else f"[{'^' if letter.isupper() else ''}{inside}]"
        return shown, at + 2
    if letter.isdigit() and letter != "0" and not in_class:
        return f"\\{letter}", at + 2
    if letter == "k" and (found := re.match(r"<(\w+)>", pattern[at + 2 :])):
        return f"(?P={found[1]})", at + 2 + found.end()
    if letter in ("x", "u") and re.match(
        r"[0-9a-fA-F]{2}" if letter == "x" else r"[0-9a-fA-F]{4}", pattern[at + 2 :]
    ):
        size = 4 if letter == "x" else 6
        return pattern[at : at + size], at + size
    if letter in ("A", "z", "Z") and not in_class:
        return {"A": r"\A", "z": r"\Z", "Z": r"(?=\n?\Z)"}[letter], at + 2
    if letter and letter not in _PLAIN_ESCAPES:
        raise _refused(pattern, f"\\{letter}")
    return f"\\{letter}", at + 2


def _refused(pattern: str, what: str) -> Failure:
    return Failure("NOT_SUPPORTED", f"local_aws has no {what} in regular expressions: {pattern}")


def _matches(text: str, pattern: str) -> Iterator[re.Match[str]]:
    return compiled(pattern).finditer(text)


def _need_group(pattern: str, group: int) -> int:
    groups = compiled(pattern).groups
    if group < 0:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "Group cannot be negative")
    if group > groups:
        raise Failure(
            "INVALID_FUNCTION_ARGUMENT",
            f"Pattern has {groups} groups. Cannot access group {group}",
        )
    return group


def like(text: str, pattern: str) -> bool:
    """REGEXP_LIKE: is there a match anywhere?"""
    return compiled(pattern).search(text) is not None


def extract(text: str, pattern: str, group: int) -> str | None:
    """REGEXP_EXTRACT: a group of the first match; NULL without a match."""
    wanted = _need_group(pattern, group)
    found = compiled(pattern).search(text)
    return found[wanted] if found else None


def extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    """REGEXP_EXTRACT_ALL: a group of each match; of an empty text there is none."""
    wanted = _need_group(pattern, group)
    return [found[wanted] for found in _matches(text, pattern)] if text else []


def split(text: str, pattern: str) -> list[str]:
    """REGEXP_SPLIT: what lies between matches."""
    parts, last = [], 0
    for found in _matches(text, pattern):
        parts.append(text[last : found.start()])
        last = found.end()
    return [*parts, text[last:]]


def count(text: str, pattern: str) -> int:
    """REGEXP_COUNT."""
    return sum(1 for _ in _matches(text, pattern))


def position(text: str, pattern: str, start: int, occurrence: int) -> int:
    """REGEXP_POSITION: the place of a match, from 1; -1 if there is none."""
    if start < 1 or occurrence < 1:
        what = "start position" if start < 1 else "occurrence"
        raise Failure("INVALID_FUNCTION_ARGUMENT", f"{what} cannot be smaller than 1")
    if start > len(text):
        return -1
    for found in compiled(pattern).finditer(text, start - 1):
        occurrence -= 1
        if occurrence == 0:
            return found.start() + 1
    return -1


def replace(text: str, pattern: str, replacement: str) -> str:
    """REGEXP_REPLACE: each match by a text, with $1 and ${name} for groups."""
    expression = compiled(pattern)
    pieces = _pieces(expression, replacement)
    return expression.sub(
        lambda found: "".join(
            piece if isinstance(piece, str) else (found[piece] or "") for piece in pieces
        ),
        text,
    )


def _pieces(expression: re.Pattern[str], replacement: str) -> list[str | int]:
    pieces: list[str | int] = []
    at = 0
    while at < len(replacement):
        letter = replacement[at]
        if letter == "\\":
            if at + 1 == len(replacement):
                raise Failure("INVALID_FUNCTION_ARGUMENT", f"Illegal replacement: {replacement}")
            pieces.append(replacement[at + 1])
            at += 2
        elif letter == "$":
            group, at = _group(expression, replacement, at)
            pieces.append(group)
        else:
            pieces.append(letter)
            at += 1
    return pieces


def _group(expression: re.Pattern[str], replacement: str, at: int) -> tuple[int, int]:
    named = re.match(r"\$\{(\w+)\}", replacement[at:])
    bad = Failure("INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: {replacement}")
    if named:
        if named[1] not in expression.groupindex:
            raise bad
        return expression.groupindex[named[1]], at + named.end()
    digits = re.match(r"\$([0-9]+)", replacement[at:])
    if digits is None:
        raise bad
    # As many digits as there is a group for.
    for length in range(len(digits[1]), 0, -1):
        group = int(digits[1][:length])
        if group <= expression.groups or length == 1:
            return _need_group(expression.pattern, group), at + 1 + length
    raise bad


_TWO = ("VARCHAR", "VARCHAR")
FUNCTIONS: tuple[PythonFunction, ...] = (
    PythonFunction("trino_regexp_like", _TWO, "BOOLEAN", like),
    PythonFunction("trino_regexp_extract", (*_TWO, "BIGINT"), "VARCHAR", extract),
    PythonFunction("trino_regexp_extract_all", (*_TWO, "BIGINT"), "VARCHAR[]", extract_all),
    PythonFunction("trino_regexp_split", _TWO, "VARCHAR[]", split),
    PythonFunction("trino_regexp_count", _TWO, "BIGINT", count),
    PythonFunction("trino_regexp_position", (*_TWO, "BIGINT", "BIGINT"), "BIGINT", position),
    PythonFunction("trino_regexp_replace", (*_TWO, "VARCHAR"), "VARCHAR", replace),
)
