"""Lines of text files as rows: DuckDB's functions for plain lines, `trino_read_line` for others."""

import json
from collections.abc import Sequence

from local_aws.athena.lines.cells import structure
from local_aws.athena.lines.plan import Column, LinePlan
from local_aws.athena.run.plain_lines import plain_lines
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import quote

# One column per line: a separator that no text holds, for it is no character.
_NOT_A_CHARACTER = "\U0010ffff"
_LINES = (
    f"delim = '{_NOT_A_CHARACTER}', quote = '', escape = '', header = false, auto_detect = false, "
    "strict_mode = false, max_line_size = 33554432, null_padding = false, new_line = '\\n', "
    "columns = {'line': 'VARCHAR'}"
)


def lines_source(files: Sequence[str], compression: str, options: str) -> str:
    """DuckDB text of the lines of files.

    Args:
        files: paths.
        compression: of all of them, as DuckDB calls it.
        options: about partitions.
    """
    listed = ", ".join(quote(path) for path in files)
    return f"read_csv([{listed}], {_LINES}{options}, compression = '{compression}')"


def line_rows(
    source: str, plan: LinePlan, others: Sequence[Column], keys: Sequence[str], link: str
) -> str:
    """DuckDB text of a table's rows: the keys, and the wanted columns by their names, typed.

    Args:
        source: DuckDB text of a relation with the column `line`.
        plan: how lines are read.
        others: the table's columns that are not wanted.
        keys: columns of the source that are kept.
        link: DuckDB text of what names the file in an error.

    Raises:
        Failure: NOT_SUPPORTED.
    """
    if not plan.columns:
        # No line is looked into: a broken one counts too.
        return f"SELECT {', '.join(keys) or '1'} FROM {source}"
    read = f"trino_read_line(line, {quote(plan.text())}, {link})"
    cells = [f"cells[{number}]" for number in range(1, len(plan.columns) + 1)]
    plain = plain_lines(plan, others)
    if plain is not None:
        source = plain.over(source)
        # Only lines that are not plain are handed to Python.
        read = f"CASE WHEN is_plain THEN NULL ELSE {read} END"
        cells = [
            f"CASE WHEN is_plain THEN {one} ELSE {other} END"
            for one, other in zip(plain.cells, cells, strict=True)
        ]
    columns = [
        f"{typed_cell(cell, one.type)} AS {_quoted(one.name)}"
        for cell, one in zip(cells, plan.columns, strict=True)
    ]
    return f"SELECT {', '.join([*keys, *columns])} FROM (SELECT *, {read} AS cells FROM {source})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- from the text of a cell to its type, which never fails


def typed_cell(sql: str, kind: Type) -> str:
    """DuckDB text of a value out of the text of its cell."""
    if kind.items:
        shape = json.dumps(structure(kind))
        inner = _nested(f"json_transform({sql}, {quote(shape)})", kind)
        return f"CAST({inner} AS {kind.duckdb})"
    if kind.is_text:
        return fitted(sql, kind)
    return f"TRY_CAST({sql} AS {kind.duckdb})"


def fitted(sql: str, kind: Type) -> str:
    """DuckDB text of a text in a varchar or char: cut, and padded."""
    if not kind.args:
        return sql
    length = kind.args[0]
    return f"rpad({sql}, {length}, ' ')" if kind.name == "char" else f"substr({sql}, 1, {length})"


def _nested(sql: str, kind: Type) -> str:
    """A map out of its list of pairs, at every depth."""
    if not kind.has_map:
        return sql
    if kind.name == "array":
        return f"list_transform({sql}, lambda x: {_nested('x', kind.items[0])})"
    if kind.name == "map":
        pair = f"{{'k': x.k, 'v': {_nested('x.v', kind.items[1])}}}"
        pairs = f"list_transform({sql}, lambda x: {pair})"
        return f"CASE WHEN {sql} IS NOT NULL THEN map_from_entries({pairs}) END"
    fields = ", ".join(
        f"'f{number}': {_nested(f'({sql}).f{number}', item)}"
        for number, item in enumerate(kind.items)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END"
