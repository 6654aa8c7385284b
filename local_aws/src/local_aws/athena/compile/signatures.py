"""Which of a function's signatures a call means, and the types it gives."""

from collections.abc import Callable
from dataclasses import replace

from local_aws.athena.compile.function_table import Rule
from local_aws.athena.types.sqltypes import (
    TINYINT,
    UNBOUNDED,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    coerces,
    common_type,
)

_ANY, _NUMBER, _DECIMAL = ("e", "k", "t", "v"), "n", "d"

Bindings = dict[str, Type]

# How long a text can become, as varchar(word) in a signature; x, y, z are the arguments' lengths.
_LENGTHS: dict[str, Callable[[int, int, int], int]] = {
    "replaced": lambda x, _, z: x + z * (x + 1),
    "matched": lambda x, y, _: x + max(x * y // 2, y) * (x + 1),
    "encoded": lambda x, _, __: x * 12,
}


def choose(rules: list[Rule], actual: list[Type]) -> tuple[Rule, list[Type], Type] | None:
    """The rule for these argument types: as they are if possible, else coerced.

    Returns:
        The rule, what each argument becomes, and the type of the answer; None when nothing fits.
    """
    for is_exact in (True, False):
        for rule in rules:
            fitted = _fit(rule, actual, is_exact=is_exact)
            if fitted is not None:
                return rule, *fitted
    return None


def _fit(rule: Rule, actual: list[Type], *, is_exact: bool) -> tuple[list[Type], Type] | None:
    patterns = list(rule.parameters)
    if rule.is_variadic and len(actual) >= len(patterns):
        patterns += [patterns[-1]] * (len(actual) - len(patterns))
    if len(patterns) != len(actual):
        return None
    bound: Bindings = {}
    for pattern, kind in zip(patterns, actual, strict=True):
        if not _bind(pattern, kind, bound, is_exact=is_exact):
            return None
    wanted = [_fill(pattern, bound, kind) for pattern, kind in zip(patterns, actual, strict=True)]
    result = _fill(rule.result, bound, actual[0] if actual else rule.result)
    return wanted, result


def _bind(pattern: Type, kind: Type, bound: Bindings, *, is_exact: bool) -> bool:
    name = pattern.name
    if name in _ANY or name in (_NUMBER, _DECIMAL):
        return _bind_variable(name, kind, bound)
    if pattern.is_text:
        return _bind_text(pattern, kind, bound, is_exact=is_exact)
    if pattern.items:
        if kind.name == "unknown":
            return not is_exact
        return (
            kind.name == name
            and len(kind.items) == len(pattern.items)
            and all(
                _bind(one, other, bound, is_exact=is_exact)
                for one, other in zip(pattern.items, kind.items, strict=True)
            )
        )
    if kind.name == name:
        return True
    if is_exact:
        return False
    if name == "double" and kind.is_number:
        return True
    return coerces(kind, pattern)


def _bind_text(pattern: Type, kind: Type, bound: Bindings, *, is_exact: bool) -> bool:
    is_same = kind.name == pattern.name
    if kind.name == "unknown":
        kind = Type(pattern.name, (0,))
    # A varchar becomes a char by itself, a char never a varchar.
    is_char = pattern.name == "char" and kind.name == "varchar" and bool(kind.args)
    is_short = not pattern.args or (bool(kind.args) and kind.args <= pattern.args)
    if pattern.items:
        bound[pattern.items[0].name] = kind
    return is_short and (is_same or (not is_exact and (kind.name == pattern.name or is_char)))


def _bind_variable(name: str, kind: Type, bound: Bindings) -> bool:
    if name == _NUMBER and not (kind.is_number or kind.name == "unknown"):
        return False
    if name == _DECIMAL and kind.name != "decimal":
        return False
    if name == _NUMBER and kind.name == "unknown":
        kind = TINYINT
    both = common_type(bound[name], kind) if name in bound else kind
    if both is None:
        return False
    bound[name] = both
    return True


def _fill(pattern: Type, bound: Bindings, kind: Type) -> Type:
    if pattern.name in bound:
        return bound[pattern.name]
    if pattern.name in _ANY:
        return UNKNOWN
    if pattern.is_text and pattern.items:
        return _sized(pattern, bound)
    if pattern.items:
        return replace(
            pattern,
            items=tuple(
                _fill(item, bound, kind if kind.name == item.name else item)
                for item in pattern.items
            ),
        )
    if pattern.name == "decimal":
        scale = as_decimal(kind).args[1] if kind.is_number else 0
        return Type("decimal", (38, scale))
    if pattern.name == kind.name and pattern.name not in ("varchar", "char"):
        return kind
    return pattern


def _sized(pattern: Type, bound: Bindings) -> Type:
    word = pattern.items[0].name
    if word in bound:
        return Type(pattern.name, bound[word].args)
    x, y, z = ((bound[name].args or (UNBOUNDED,))[0] if name in bound else 0 for name in "xyz")
    length = _LENGTHS[word](x, y, z)
    return VARCHAR if length >= UNBOUNDED else Type(pattern.name, (length,))
