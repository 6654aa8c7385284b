"""The grammar that a statement must pass at submit: Trino's own, and its catalogue of functions.

The text is parsed with Trino's ANTLR grammar (trino-query-parser); the tree is also what the
compiler works on. trino-sql-validator then knows the functions, types and argument counts.
"""

import re
import threading
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.Errors import ParseCancellationException
from antlr4.error.ErrorStrategy import BailErrorStrategy
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser
from trino_sql_validator import validate

from local_aws.athena.errors import Position

# Only ASCII: other letters may change their length, and positions must stay those of the text.
_UPPER = {ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}

# The validator's own limits, on statements that Trino takes.
_LIMITS = ("recursion limit exceeded", "maximum SQL statement complexity exceeded")

# The prediction caches are shared by all parsers and not made for threads.
_LOCK = threading.Lock()


class MalformedQueryError(Exception):
    """The text is not a statement; says where and what was expected."""

    def __init__(self, message: str, at: Position | None = None) -> None:
        place = f"line {at.line}:{at.column}: " if at else ""
        super().__init__(place + message)


class _Refuse(ErrorListener):
    def __init__(self, sql: str) -> None:
        self.sql = sql

    def syntaxError(  # noqa: N802  ANTLR's name
        self, recognizer: Any, symbol: Any, line: int, column: int, msg: str, e: Any
    ) -> None:
        del recognizer, e
        if symbol is not None and symbol.type != -1:
            found = self.sql[symbol.start : symbol.stop + 1]
            msg = msg.replace(f"'{symbol.text}'", f"'{found}'", 1)
        msg = re.sub(r" expecting \{?([^}]*)\}?$", r". Expecting: \1", msg)
        raise MalformedQueryError(msg, Position(line=line, column=column + 1))


class Tree:
    """A parsed text: the ANTLR tree, and the text for the pieces the tree points at."""

    def __init__(self, sql: str, root: Any) -> None:
        self.sql = sql
        self.root = root

    def text(self, context: Any) -> str:
        """The text of a node or token, as it was written."""
        first = getattr(context, "start", context)
        if isinstance(first, int):
            return self.sql[context.start : context.stop + 1]
        return self.sql[first.start : context.stop.stop + 1]


def parse(sql: str, rule: str = "singleStatement") -> Tree:
    """Parse `sql` by a rule of Trino's grammar.

    Raises:
        MalformedQueryError: with Trino's sentence.
    """
    with _LOCK:
        try:
            return Tree(sql, _run(sql, rule, exact=False))
        except ParseCancellationException:
            return Tree(sql, _run(sql, rule, exact=True))


def _run(sql: str, rule: str, *, exact: bool) -> Any:
    listener = _Refuse(sql)
    lexer = SqlBaseLexer(InputStream(sql.translate(_UPPER)))
    lexer.removeErrorListeners()
    parser = SqlBaseParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    if exact:
        parser.addErrorListener(listener)
    else:
        # The simple prediction is much faster and right for almost every statement; when it
        # gives up, the exact one decides and words the error.
        parser._interp.predictionMode = PredictionMode.SLL  # noqa: SLF001
        parser._errHandler = BailErrorStrategy()  # noqa: SLF001
    return getattr(parser, rule)()


def check_names(sql: str) -> None:
    """Refuse unknown functions and wrong argument counts.

    Raises:
        MalformedQueryError: with the place.
    """
    result = validate(sql)
    if not result.valid and result.error is not None:
        if result.error.message.endswith(_LIMITS):
            return
        raise MalformedQueryError(result.error.message, _at(result.error))
    for warning in result.warnings:
        if type(warning).__name__ == "FunctionWarning":
            raise MalformedQueryError(f"Function '{warning.name}' not registered", _at(warning))
        if type(warning).__name__ == "TypeWarning":
            raise MalformedQueryError(f"Unknown type: {warning.name}", _at(warning))


def _at(found: Any) -> Position | None:
    if found.line is None or found.column is None:
        return None
    return Position(line=found.line, column=found.column)
