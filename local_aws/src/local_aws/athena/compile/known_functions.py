"""Which calls Trino knows: a call that it knows and this does not is refused as not supported.

`trino_functions.tsv` is what SHOW FUNCTIONS of Trino 476 lists, without its plugins;
`python -m tests.record --functions` writes it.
"""

from functools import cache
from pathlib import Path

from trino_sql_validator import validate

from local_aws.athena.types.sqltypes import INTEGERS, Type, coerces, parse_type

TABLE = Path(__file__).with_name("trino_functions.tsv")


def is_function(name: str) -> bool:
    """Does Trino, or a plugin of it that Athena has, know the name?"""
    if name in _signatures():
        return True
    found = validate(f"SELECT {name}()")
    return not any(type(one).__name__ == "FunctionWarning" for one in found.warnings)


def takes(name: str, kinds: list[Type]) -> bool:
    """Does one of Trino's signatures of the name take arguments of these types?"""
    return any(_fits(parameters, kinds) for parameters in _signatures().get(name, ()))


def argument_numbers(name: str) -> set[int]:
    """How many arguments Trino's signatures of the name take; one that repeats counts once."""
    return {len(parameters) for parameters in _signatures().get(name, ())}


@cache
def _signatures() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in TABLE.read_text().splitlines()[1:]:
        name, parameters, _, _ = line.split("\t")
        found.setdefault(name, []).append(_split(parameters))
    return found


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _fits(parameters: list[str], kinds: list[Type]) -> bool:
    return len(parameters) == len(kinds) and all(map(_accepts, parameters, kinds))


def _accepts(parameter: str, kind: Type) -> bool:
    base = parameter.partition("(")[0].lower()
    if kind.name == "unknown" or len(base) <= 2 or base == "function":
        return True
    if base in ("joniregexp", "jsonpath", "codepoints"):
        return kind.is_text
    if base in ("array", "map", "row"):
        return kind.name == base
    if base in ("varchar", "char", "decimal", "timestamp", "time") and "with" not in parameter:
        is_whole = base == "decimal" and kind.is_integer
        is_day = base == "timestamp" and kind.name == "date"
        if parameter == "varchar(1)" and kind.args > (1,):
            return False
        is_padded = kind.name == "char" and parameter == "varchar"
        return kind.name == base or is_whole or is_day or is_padded
    try:
        wanted = parse_type(parameter.replace("(p)", "(3)"))
    except (ValueError, IndexError):
        return True
    if wanted.name in INTEGERS:
        return kind.is_integer and INTEGERS.index(kind.name) <= INTEGERS.index(wanted.name)
    return kind.name == wanted.name or coerces(kind, wanted)
