"""The corpus: statements with the answers of real Trino, and local_aws held to them.

A file of `corpus/` has a statement a line, as JSON:

    sql       the statement, or an expression, which stands for SELECT <expression>
    types     the types of the columns, as Trino names them
    rows      the rows, each value as Athena prints it; in any order without an ORDER BY
    error     instead of types and rows: the name of Trino's error
    local     "refused" if local_aws refuses it as NOT_SUPPORTED; or, where its answer may be
              another, the name of the approximation that the README lists

`python -m tests.record` asks a Trino for the answers and renews them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.grammar import MalformedQueryError

FOLDER = Path(__file__).with_name("corpus")

Outcome = Literal["same", "same error", "refused", "other error", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an engine answers to a statement."""

    types: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    error: str = ""
    message: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A line of the corpus."""

    APPROXIMATIONS: ClassVar[dict[str, str]] = {
        "last digit": "the last digits of skewness, kurtosis and hyperbolic functions",
        "estimate": "approx_distinct and its like estimate otherwise; approx_percentile is exact",
        "zero's sign": "which of 0.0 and -0.0 a sum, a group or a round gives",
        "beyond 38 digits": "averages of decimals whose sum has more than 38 digits fail",
        "Trino's overflow": "Trino casts the least bigint to a decimal that is too small for it, "
        "and times before 1970 to other times of the day; within TRY too it fails where a text is "
        "longer than a varchar(n) can be",
        "lateral": "correlated LATERAL subqueries that Trino cannot plan run",
        "limit": "LISTAGG has no limit of a megabyte",
    }
    """Names that `local` may have."""

    theme: str
    sql: str
    answer: Answer
    local: str = ""

    @property
    def statement(self) -> str:
        """The statement itself."""
        first = self.sql.lstrip("( \n").split(None, 1)[0].upper()
        return self.sql if first in ("SELECT", "WITH", "VALUES", "TABLE") else f"SELECT {self.sql}"

    def outcome(self, other: Answer) -> Outcome:
        """How another engine's answer compares; where it may be another, it is the same."""
        found = self._outcome(other)
        return "same" if found == "wrong" and self.local in self.APPROXIMATIONS else found

    def _outcome(self, other: Answer) -> Outcome:
        # The grammar is of an older Trino than the answers.
        is_refused = other.error in ("NOT_SUPPORTED", "SYNTAX_ERROR")
        if is_refused and other.error != self.answer.error:
            return "refused"
        if self.answer.error or other.error:
            if self.answer.error == other.error:
                return "same error"
            return "other error" if self.answer.error and other.error else "wrong"
        return "same" if self._in_order(other) == self._in_order(self.answer) else "wrong"

    def _in_order(self, answer: Answer) -> Any:
        rows = answer.rows
        if "ORDER BY" not in self.sql.upper():
            rows = tuple(sorted(rows, key=repr))
        return answer.types, rows


def answer_of(
    ask: Callable[[str], tuple[list[str], list[tuple[str | None, ...]]]], sql: str
) -> Answer:
    """The answer of whatever runs a statement and gives types and rows, or raises QueryError."""
    try:
        types, rows = ask(sql)
    except QueryError as error:
        return Answer(error=error.name, message=error.message)
    except MalformedQueryError as error:
        return Answer(error="SYNTAX_ERROR", message=str(error))
    except Exception as error:  # noqa: BLE001 - a defect is an answer too
        return Answer(error="GENERIC_INTERNAL_ERROR", message=repr(error))
    return Answer(types=tuple(types), rows=tuple(rows))


def read_corpus() -> Iterator[Case]:
    """All cases, file by file."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text().rstrip("\n").split("\n"):
            given = json.loads(line)
            answer = Answer(
                types=tuple(given.get("types", ())),
                rows=tuple(tuple(row) for row in given.get("rows", ())),
                error=given.get("error", ""),
            )
            yield Case(
                theme=path.stem, sql=given["sql"], answer=answer, local=given.get("local", "")
            )


def write_corpus(cases: list[Case]) -> None:
    """Write the cases back, each theme to its file."""
    for theme in dict.fromkeys(case.theme for case in cases):
        lines = [
            json.dumps(_line(case), ensure_ascii=False) for case in cases if case.theme == theme
        ]
        (FOLDER / f"{theme}.jsonl").write_text("".join(f"{line}\n" for line in lines))


def _line(case: Case) -> dict[str, Any]:
    line: dict[str, Any] = {"sql": case.sql}
    if case.answer.error:
        line["error"] = case.answer.error
    else:
        line |= {"types": case.answer.types, "rows": case.answer.rows}
    return line | ({"local": case.local} if case.local else {})
