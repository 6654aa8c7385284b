"""Work out once what a text names more than once."""

import re
from collections.abc import Callable

_CHEAP = re.compile(r"CAST\('(?:[^']|'')*' AS VARCHAR\)|\(*\w+(?:\)*\.\w+)*\)*|'(?:[^']|'')*'")


def is_cheap(sql: str) -> bool:
    """Whether a value costs nothing to name again: a column, a field or a literal."""
    return bool(_CHEAP.fullmatch(sql))


def once(sql: str, make: Callable[[str], str]) -> str:
    """DuckDB text of `make(sql)`, in which `sql` is worked out once, however often it is named.

    DuckDB has no LET. Passing a value through a list of one takes 20 ns; a TRIM that a cast names
    five times took 400 ns. Columns, fields and literals cost nothing to name again.

    Args:
        sql: a value.
        make: gets its text, or a name for it. The text that it returns uses only that name:
            DuckDB's lambdas take no subquery, aggregate or window function.
    """
    if is_cheap(sql):
        return make(sql)
    # What a lambda does may fail, which DuckDB does not see: it would move it to before the filters
    # that keep it from failing. That a slice may fail it does see.
    return f"list_transform([{sql}][:1], lambda trino_v: {make('trino_v')})[1]"
