"""The function that DuckDB calls for the lines that it cannot read by itself."""

from collections.abc import Callable
from functools import lru_cache

from local_aws.athena.functions.registry import Failure, PythonFunction
from local_aws.athena.lines.cells import Cell, packed
from local_aws.athena.lines.delimited import DelimitedReader
from local_aws.athena.lines.hcatalog import HcatalogReader
from local_aws.athena.lines.openx import OpenxReader
from local_aws.athena.lines.plan import read_plan
from local_aws.athena.lines.quoted_csv import QuotedCsvReader


@lru_cache(maxsize=256)
def reader_of(plan: str) -> Callable[[str], list[Cell]]:
    """What reads a line, from the plan's text.

    Raises:
        Failure: NOT_SUPPORTED.
    """
    found = read_plan(plan)
    if found.kind == "openx":
        return OpenxReader(found.parameters, found.columns).cells
    if found.kind == "json":
        return HcatalogReader(found.parameters, found.columns).cells
    if found.kind == "opencsv":
        return QuotedCsvReader(found.parameters, found.columns).cells
    return DelimitedReader(found.parameters, found.columns, found.width).cells


def read_line(line: str | None, plan: str, link: str) -> list[str | None]:
    """The cells of a line, as `cells` describes them.

    Args:
        line: None is an empty one.
        plan: the text of a `LinePlan`.
        link: where the line is from; `Scanner.named` puts the object's name there.
    """
    try:
        return packed(reader_of(plan)(line or ""))
    except Failure as failure:
        raise failure.in_file(link) from None


def bytes_text(value: bytes) -> str:
    """Bytes as text; what is no UTF-8 becomes U+FFFD."""
    return value.decode("utf-8", "replace")


FUNCTIONS = (
    PythonFunction("trino_bytes_text", ("BLOB",), "VARCHAR", bytes_text),
    PythonFunction(
        "trino_read_line",
        ("VARCHAR", "VARCHAR", "VARCHAR"),
        "VARCHAR[]",
        read_line,
        takes_null=True,
        is_costly=True,
    ),
)
