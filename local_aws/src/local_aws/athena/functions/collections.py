"""Arrays, maps and rows: comparison in three-valued logic, and what goes by it.

Functions whose answer has the type of their arguments give positions instead, from 1, for DuckDB
wants to know types beforehand.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from local_aws.athena.functions.registry import Failure, PythonFunction

_NULL_INSIDE = "{} does not support arrays with elements that are null or contain null"
_NULL_ORDER = "{} comparison not supported for {} with null elements"


def equal(left: Any, right: Any) -> bool | None:
    """Left = right; None if that hangs on a NULL."""
    if left is None or right is None:
        return None
    if isinstance(left, dict):
        return _equal_maps(left, right)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and _every(map(equal, left, right))
    return bool(left == right)


def _every(answers: Iterable[bool | None]) -> bool | None:
    found: bool | None = True
    for one in answers:
        if one is False:
            return False
        if one is None:
            found = None
    return found


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any]) -> bool | None:
    # Rows come as maps of their fields too; all have the same.
    if len(left) != len(right) or any(key not in right for key in left):
        return False
    if any(key != key for key in left):  # NaN is no key of another map
        return False
    return _every(equal(value, right[key]) for key, value in left.items())


def same(left: Any, right: Any) -> bool:
    """Left IS NOT DISTINCT FROM right: NULL and NaN are what they are."""
    if left is None or right is None:
        return left is right
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right or (left != left and right != right))


def order(left: Any, right: Any, kind: str) -> int | None:
    """-1, 0 or 1 as left comes before, with or after right."""
    if left is None or right is None:
        return None
    if isinstance(left, dict):
        left, right = list(left.values()), list(right.values())
    if isinstance(left, list | tuple):
        for one, other in zip(left, right, strict=False):
            if one is None or other is None:
                raise Failure("NOT_SUPPORTED", _NULL_ORDER.format(kind.upper(), kind))
            found = order(one, other, kind)
            if found:
                return found
        return (len(left) > len(right)) - (len(left) < len(right))
    return int(left > right) - int(left < right)


def position(items: list[Any], value: Any) -> int:
    """The place of the first that is equal; 0 if there is none."""
    for number, item in enumerate(items, 1):
        if equal(item, value):
            return number
    return 0


def contains(items: list[Any], value: Any) -> bool | None:
    """CONTAINS: NULL if it is not there and there is a NULL."""
    answers = [_known(item, value) for item in items]
    return True if True in answers else (None if None in answers else False)


def _known(item: Any, value: Any) -> bool | None:
    found = equal(item, value)
    if found is None and item is not None:
        raise Failure(
            "NOT_SUPPORTED",
            "contains does not support arrays with elements that are null or contain null",
        )
    return found


def without(items: list[Any], value: Any) -> list[int]:
    """ARRAY_REMOVE: the places of those that are not equal."""
    kept = []
    for number, item in enumerate(items, 1):
        found = equal(item, value)
        if found is None and item is not None:
            raise Failure(
                "NOT_SUPPORTED",
                "array_remove does not support arrays with elements that are null or contain null",
            )
        if not found:
            kept.append(number)
    return kept


def distinct(items: list[Any]) -> list[int]:
    """ARRAY_DISTINCT: the places of the first of each."""
    return _first(items, lambda _: True)


def union(left: list[Any], right: list[Any]) -> list[int]:
    """ARRAY_UNION: places in both, one behind the other."""
    return distinct([*left, *right])


def intersection(left: list[Any], right: list[Any]) -> list[int]:
    """ARRAY_INTERSECT: places in the left one."""
    return _first(left, lambda item: any(same(item, other) for other in right))


def difference(left: list[Any], right: list[Any]) -> list[int]:
    """ARRAY_EXCEPT: places in the left one."""
    return _first(left, lambda item: not any(same(item, other) for other in right))


def _first(items: list[Any], is_wanted: Callable[[Any], bool]) -> list[int]:
    kept: list[int] = []
    for number, item in enumerate(items, 1):
        if is_wanted(item) and not any(same(item, items[one - 1]) for one in kept):
            kept.append(number)
    return kept


def overlap(left: list[Any], right: list[Any]) -> bool | None:
    """ARRAYS_OVERLAP: NULL if nothing is in both and there is a NULL."""
    if any(one is not None and same(one, other) for one in left for other in right):
        return True
    has_null = (None in left and bool(right)) or (None in right and bool(left))
    return None if has_null else False


def whole_steps(start: int, stop: int, step: int) -> int:
    """SEQUENCE: how many numbers; they are checked."""
    if step == 0:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "step must not be zero")
    if (stop > start and step < 0) or (stop < start and step > 0):
        raise Failure(
            "INVALID_FUNCTION_ARGUMENT",
            "sequence stop value should be greater than or equal to start value if step is "
            "greater than zero otherwise stop should be less than or equal to start",
        )
    count = (stop - start) // step + 1
    if count > 10000:
        raise Failure(
            "INVALID_FUNCTION_ARGUMENT",
            "result of sequence function must not have more than 10000 entries",
        )
    return count


def repeated(count: int) -> int:
    """REPEAT: the count, checked."""
    if not 0 <= count <= 10000:
        raise Failure(
            "INVALID_FUNCTION_ARGUMENT",
            "count argument of repeat function must be greater than or equal to 0 and less than or "
            "equal to 10000",
        )
    return count


def slice_start(count: int, start: int, length: int) -> int:
    """SLICE: the place of the first, checked; 0 if nothing is left."""
    if length < 0:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "length must be greater than or equal to 0")
    if start == 0:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1")
    first = start if start > 0 else count + 1 + start
    return first if 1 <= first <= count and length else 0


def width_bucket(value: float, low: float, high: float, count: int) -> int:
    """WIDTH_BUCKET of bounds, which may be given in either order."""
    for given, what in ((value, "operand"), (low, "first bound"), (high, "second bound")):
        if math.isnan(given) or (math.isinf(given) and what != "operand"):
            raise Failure("INVALID_FUNCTION_ARGUMENT", f"{what} must be finite")
    if count <= 0:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "bucketCount must be greater than 0")
    if low == high:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        bucket = 0
    elif value >= upper:
        bucket = count + 1
    else:
        bucket = int(count * (value - lower) / (upper - lower)) + 1
    return count - bucket + 1 if low > high else bucket


FUNCTIONS = (
    PythonFunction("trino_equal", None, "BOOLEAN", equal),
    PythonFunction("trino_order", None, "INTEGER", order),
    PythonFunction("trino_contains", None, "BOOLEAN", contains),
    PythonFunction("trino_position", None, "BIGINT", position),
    PythonFunction("trino_without", None, "BIGINT[]", without),
    PythonFunction("trino_distinct", None, "BIGINT[]", distinct),
    PythonFunction("trino_union", None, "BIGINT[]", union),
    PythonFunction("trino_intersection", None, "BIGINT[]", intersection),
    PythonFunction("trino_difference", None, "BIGINT[]", difference),
    PythonFunction("trino_overlap", None, "BOOLEAN", overlap),
    PythonFunction("trino_whole_steps", ("BIGINT",) * 3, "BIGINT", whole_steps),
    PythonFunction("trino_repeated", ("BIGINT",), "BIGINT", repeated),
    PythonFunction("trino_slice_start", ("BIGINT",) * 3, "BIGINT", slice_start),
    PythonFunction(
        "trino_width_bucket", ("DOUBLE", "DOUBLE", "DOUBLE", "BIGINT"), "BIGINT", width_bucket
    ),
)
