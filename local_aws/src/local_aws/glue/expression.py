"""The Expression of Glue's GetPartitions: parsed once, then a test of partition values.

The test also takes the first values of a partition alone: they may decide already.

Operators: = <> != > < >= <= AND OR NOT IN BETWEEN LIKE IS NULL. String keys are compared as text
(`month = 7` does not find '07'), numeric ones as numbers (it does).
"""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from local_aws.seam import AwsError, Values

Test = Callable[[Values], bool | None]

MAX_BYTES = 2048
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[\w.]+)"
    r"|[`\"](?P<quoted>[^`\"]+)[`\"]|(?P<symbol><>|!=|>=|<=|[=<>(),]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_INTEGRAL = {"bigint", "int", "integer", "long", "smallint", "tinyint"}
_CONVERTERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_INTEGRAL, int),
    **dict.fromkeys(("decimal", "double", "float"), Decimal),
    **dict.fromkeys(("string", "char", "varchar"), str),
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


def compile_expression(expression: str, keys: Sequence[dict[str, str]]) -> Test:
    """Turn an expression into a test of the values of one partition, or of the first of them.

    The test is true or false, or None where it needs further values.

    Args:
        expression: blank for all partitions; at most 2,048 bytes.
        keys: the table's partition keys, as Glue has them ({"Name": ..., "Type": ...}).

    Raises:
        AwsError: the expression is too long, or not one; the test raises it for a partition value
            that is not of its key's type and is needed to decide.
    """
    if len(expression.encode()) > MAX_BYTES:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{expression[:40]}...' at 'expression' failed to"
            f" satisfy constraint: Member must have length less than or equal to {MAX_BYTES}",
        )
    if not expression.strip():
        return lambda _: True
    return _compiled(expression, tuple((key["Name"], key.get("Type", "string")) for key in keys))


@lru_cache(maxsize=256)
def _compiled(expression: str, keys: tuple[tuple[str, str], ...]) -> Test:
    return _Parser(expression, keys).parse()


class _Parser:
    def __init__(self, expression: str, keys: tuple[tuple[str, str], ...]) -> None:
        self._expression = expression
        self._keys = {name.lower(): (index, kind) for index, (name, kind) in enumerate(keys)}
        self._tokens = self._split()
        self._next = 0

    def parse(self) -> Test:
        test = self._any()
        if self._next < len(self._tokens):
            raise self._unsupported()
        return test

    def _split(self) -> list[tuple[str, str]]:
        text, position, tokens = self._expression.strip(), 0, []
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._unsupported()
            tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _any(self) -> Test:
        tests = [self._all()]
        while self._takes("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else _any_of(tests)

    def _all(self) -> Test:
        tests = [self._not()]
        while self._takes("AND"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else _all_of(tests)

    def _not(self) -> Test:
        if self._takes("NOT"):
            return _negated(self._not())
        if self._takes("("):
            test = self._any()
            self._expect(")")
            return test
        return self._condition()

    def _condition(self) -> Test:
        index, kind = self._key()
        if self._takes("IS"):
            is_null = not self._takes("NOT")
            self._expect("NULL")
            return lambda _: not is_null  # no partition value is null, whatever it is called
        negate = self._takes("NOT")
        test = self._membership(index, kind)
        if test is not None:
            return _negated(test) if negate else test
        compare = _COMPARISONS.get(self._take()[1])
        if compare is None or negate:
            raise self._unsupported()
        convert, wanted = _converter(kind), self._literal(kind)
        return _on(index, lambda value: compare(convert(value), wanted))

    def _membership(self, index: int, kind: str) -> Test | None:
        convert = _converter(kind)
        if self._takes("IN"):
            self._expect("(")
            wanted = [self._literal(kind)]
            while self._takes(","):
                wanted.append(self._literal(kind))
            self._expect(")")
            return _on(index, lambda value: convert(value) in wanted)
        if self._takes("BETWEEN"):
            low = self._literal(kind)
            self._expect("AND")
            high = self._literal(kind)
            return _on(index, lambda value: low <= convert(value) <= high)
        if self._takes("LIKE"):
            pattern = self._pattern(kind)
            return _on(index, lambda value: pattern.fullmatch(value) is not None)
        return None

    def _key(self) -> tuple[int, str]:
        group, text = self._take()
        if group not in {"word", "quoted"}:
            raise self._unsupported()
        if text.lower() not in self._keys:
            raise AwsError("InvalidInputException", "Invalid partition expression!")
        index, kind = self._keys[text.lower()]
        return index, kind.partition("(")[0].lower()

    def _literal(self, kind: str) -> Any:
        group, text = self._take()
        if group not in {"string", "number"}:
            raise self._unsupported()
        value = text[1:-1].replace("''", "'") if group == "string" else text
        try:
            return _CONVERTERS[kind](value)
        except (ValueError, ArithmeticError):
            raise AwsError("InvalidInputException", f'"{value}" is not of type {kind}.') from None

    def _pattern(self, kind: str) -> re.Pattern[str]:
        if kind in _INTEGRAL:
            message = "Integral data type doesn't support operation 'LIKE'"
            raise AwsError("InvalidInputException", message)
        text = re.escape(self._literal("string"))
        return re.compile(text.replace("%", ".*").replace("_", "."), re.DOTALL)

    def _take(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise self._unsupported()
        self._next += 1
        return self._tokens[self._next - 1]

    def _takes(self, wanted: str) -> bool:
        if self._next == len(self._tokens):
            return False
        group, text = self._tokens[self._next]
        found = group in {"word", "symbol"} and text.upper() == wanted
        self._next += found
        return found

    def _expect(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise self._unsupported()

    def _unsupported(self) -> AwsError:
        message = f"Unsupported expression '{self._expression}'"
        return AwsError("InvalidInputException", message)


def _on(index: int, decide: Callable[[str], bool]) -> Test:
    """A test of one value, that of the key at `index`."""
    # A table of years by the hour has 100,000 partitions, and few values of each key.
    decided = lru_cache(maxsize=1024)(decide)
    return lambda values: decided(values[index]) if index < len(values) else None


def _any_of(tests: list[Test]) -> Test:
    def test(values: Values) -> bool | None:
        verdict: bool | None = False
        for one in tests:
            found = one(values)
            if found:
                return True
            if found is None:
                verdict = None
        return verdict

    return test


def _all_of(tests: list[Test]) -> Test:
    def test(values: Values) -> bool | None:
        verdict: bool | None = True
        for one in tests:
            found = one(values)
            if found is None:
                verdict = None
            elif not found:
                return False
        return verdict

    return test


def _negated(test: Test) -> Test:
    def negated(values: Values) -> bool | None:
        found = test(values)
        return None if found is None else not found

    return negated


def _converter(kind: str) -> Callable[[str], Any]:
    if kind not in _CONVERTERS:
        raise AwsError("InvalidInputException", f"Unknown type : '{kind}'")
    convert = _CONVERTERS[kind]

    def converted(value: str) -> Any:
        try:
            return convert(value)
        except (ValueError, ArithmeticError):
            raise AwsError("InvalidStateException", f'"{value}" is not of type {kind}.') from None

    return str if convert is str else converted
