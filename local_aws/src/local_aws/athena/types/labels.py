"""Rows between the engine and files: fields are f0, f1 ... here and have their names there."""

from local_aws.athena.types.sqltypes import Type


def has_row(kind: Type) -> bool:
    """Is there a row anywhere in the type?"""
    return kind.name == "row" or any(has_row(item) for item in kind.items)


def to_labels(sql: str, kind: Type) -> str:
    """DuckDB text of the value with rows' fields under their own names, for a file."""
    if not has_row(kind):
        return sql
    if kind.name == "row":
        fields = ", ".join(
            f"{_key(label, number)}: {to_labels(f'({sql}).f{number}', item)}"
            for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END"
    if kind.name == "array":
        return f"list_transform({sql}, lambda x: {to_labels('x', kind.items[0])})"
    values = f"list_transform(map_values({sql}), lambda x: {to_labels('x', kind.items[1])})"
    return f"CASE WHEN {sql} IS NOT NULL THEN map(map_keys({sql}), {values}) END"


def _key(label: str | None, number: int) -> str:
    return "'" + (label or f"field{number}").replace("'", "''") + "'"


def labelled_type(kind: Type) -> str:
    """The DuckDB type of `to_labels`' value."""
    if kind.name == "row":
        fields = ", ".join(
            f'"{label or f"field{number}"}" {labelled_type(item)}'
            for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
        )
        return f"STRUCT({fields})"
    if kind.name == "array":
        return f"{labelled_type(kind.items[0])}[]"
    if kind.name == "map":
        return f"MAP({kind.items[0].duckdb}, {labelled_type(kind.items[1])})"
    return kind.duckdb


def from_labels(sql: str, kind: Type) -> str:
    """DuckDB text of a value of type `labelled_type(kind)` as the engine holds it."""
    if not has_row(kind):
        return sql
    if kind.name == "row":
        fields = ", ".join(
            f"'f{number}': " + from_labels(f'({sql})."{label or f"field{number}"}"', item)
            for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END"
    if kind.name == "array":
        return f"list_transform({sql}, lambda x: {from_labels('x', kind.items[0])})"
    values = f"list_transform(map_values({sql}), lambda x: {from_labels('x', kind.items[1])})"
    return f"CASE WHEN {sql} IS NOT NULL THEN map(map_keys({sql}), {values}) END"
