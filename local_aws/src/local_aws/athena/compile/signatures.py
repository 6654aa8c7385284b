"""Which of a function's signatures a call means, and the types it gives."""

from dataclasses import replace

from local_aws.athena.compile.function_table import Rule
from local_aws.athena.types.sqltypes import (
    INTEGERS,
    TINYINT,
    UNKNOWN,
    Type,
    as_decimal,
    coerces,
    common_type,
)

_ANY, _NUMBER, _DECIMAL = ("e", "k", "t", "v"), "n", "d"

Bindings = dict[str, Type]


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
    return coerces(kind, pattern) or (
        name in INTEGERS
        and kind.is_integer
        and INTEGERS.index(kind.name) > INTEGERS.index(name)
        and name == "integer"
    )


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
