"""The rules of OpenCSVSerde.

Source: CsvDeserializer in Trino's lib/trino-hive-formats, for text columns. Athena also reads
numbers and booleans out of such files, which its guide describes; a bad one fails the query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local_aws.athena.functions.registry import Failure
from local_aws.athena.lines.cells import Cell, fit_text
from local_aws.athena.lines.java import decimal_text, double_text, parse_decimal, parse_long
from local_aws.athena.lines.plan import Column
from local_aws.athena.types.sqltypes import Type

_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


@dataclass(frozen=True, slots=True)
class Marks:
    """The letters with a meaning."""

    separator: str
    quote: str
    escape: str

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Marks":
        """Those of the SerDe's parameters.

        Raises:
            Failure: NOT_SUPPORTED, as Trino does, for more than a letter or two alike.
        """
        marks = cls(
            _letter(parameters, "separatorChar", ","),
            _letter(parameters, "quoteChar", '"'),
            _letter(parameters, "escapeChar", "\\"),
        )
        if len({marks.separator, marks.quote, marks.escape}) < 3:
            raise Failure("NOT_SUPPORTED", f"the marks of OpenCSVSerde have to differ: {marks}")
        return marks


def _letter(parameters: Mapping[str, str], name: str, default: str) -> str:
    given = parameters.get(name) or default
    if len(given) != 1:
        raise Failure(
            "NOT_SUPPORTED", f"Only single character can be set for property: {name}={given!r}"
        )
    return given


class QuotedCsvReader:
    """Reads lines.

    Args:
        parameters: the SerDe's.
        columns: the wanted columns.
    """

    def __init__(self, parameters: Mapping[str, str], columns: Sequence[Column]) -> None:
        self._marks = Marks.of(parameters)
        self._columns = columns

    def cells(self, line: str) -> list[Cell]:
        """The cells of the wanted columns; missing ones are NULL.

        Raises:
            Failure: HIVE_BAD_DATA, for a number that is none.
        """
        pieces = split_quoted(line, self._marks) if line else []
        return [
            _cell(pieces[one.place], one) if one.place < len(pieces) else None
            for one in self._columns
        ]


def split_quoted(line: str, marks: Marks) -> list[str]:
    """The cells of a line; a quote that is never closed takes its cell away."""
    found: list[str] = []
    cell, at = "", 0
    in_quotes = in_cell = False
    while at < len(line):
        letter, following = line[at], line[at + 1 : at + 2]
        if letter == marks.escape:
            if (in_quotes or in_cell) and following in (marks.quote, marks.escape):
                cell += following
                at += 1
        elif letter == marks.quote:
            if (in_quotes or in_cell) and following == marks.quote:
                cell += following
                at += 1
            else:
                cell = _at_quote(line, at, cell, marks)
                in_quotes = not in_quotes
            in_cell = not in_cell
        elif letter == marks.separator and not in_quotes:
            found.append(cell)
            cell, in_cell = "", False
        else:
            cell += letter
            in_cell = True
        at += 1
    return found if in_quotes else [*found, cell]


def _at_quote(line: str, at: int, cell: str, marks: Marks) -> str:
    """A quote amid a cell belongs to it, but not among the first three letters of a line."""
    following = line[at + 1 : at + 2]
    is_amid = at > 2 and line[at - 1] != marks.separator and following not in ("", marks.separator)
    if not is_amid:
        return cell
    return "" if cell.isspace() else cell + marks.quote


def _cell(text: str, column: Column) -> Cell:
    kind = column.type
    if kind.is_text:
        return fit_text(text, kind)
    if not text:
        return None
    value = _value(text, kind)
    if value is None:
        raise Failure(
            "HIVE_BAD_DATA",
            f"Error parsing field value '{text}' for field {column.place}: "
            f'For input string: "{text}"',
        )
    return value


def _value(text: str, kind: Type) -> str | None:
    if kind.name in _BITS:
        whole = parse_long(text)
        bound = 2 ** _BITS[kind.name]
        return str(whole) if whole is not None and -bound <= whole < bound else None
    if kind.name in ("real", "double"):
        return double_text(text, is_single=kind.name == "real")
    if kind.name == "decimal":
        number = parse_decimal(text)
        return None if number is None else decimal_text(number, *kind.args)
    if kind.name == "boolean":
        return text.lower() if text.lower() in ("true", "false") else None
    raise Failure("NOT_SUPPORTED", f"local_aws reads no {kind.text} out of OpenCSV files")
