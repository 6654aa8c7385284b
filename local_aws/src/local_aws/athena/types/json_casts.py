"""Casts to and from JSON. A value of type json is its text, in Trino's form."""

from local_aws.athena.types.rendering import render, render_decimal, render_float
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import quote

_RANGES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_SIMPLE = ("boolean", *_RANGES, "double", "real", "decimal")


def can_be_json(kind: Type) -> bool:
    """May a value be cast to JSON?"""
    if kind.name == "map":
        key = kind.items[0].name
        is_key = key in (*_SIMPLE, "varchar", "unknown")
        return is_key and can_be_json(kind.items[1])
    if kind.items:
        return all(map(can_be_json, kind.items))
    return kind.name in (*_SIMPLE, "varchar", "json", "date", "timestamp", "unknown")


def can_be_from_json(kind: Type) -> bool:
    """May JSON be cast to a type?"""
    if kind.name == "map":
        key = kind.items[0].name
        return key in (*_SIMPLE, "varchar") and can_be_from_json(kind.items[1])
    if kind.items:
        return all(map(can_be_from_json, kind.items))
    return kind.name in (*_SIMPLE, "varchar", "json")


def to_json(sql: str, kind: Type) -> str:
    """DuckDB text of CAST(sql AS JSON)."""
    return f"CAST({_json_text(sql, kind)} AS JSON)"


def _json_text(sql: str, kind: Type) -> str:
    if kind.name == "varchar":
        return f"trino_json_quoted({sql})"
    if kind.name == "json":
        return f"CAST({sql} AS VARCHAR)"
    if kind.name in ("double", "real"):
        quoted = f"'\"' || {render_float(sql, kind)} || '\"'"
        return f"CASE WHEN isfinite({sql}) THEN {render_float(sql, kind)} ELSE {quoted} END"
    if kind.name == "decimal":
        return render_decimal(sql, kind)
    if kind.name == "array":
        item = f"coalesce({_json_text('x', kind.items[0])}, 'null')"
        joined = f"array_to_string(list_transform({sql}, lambda x: {item}), ',')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '[' || {joined} || ']' END"
    if kind.name == "row":
        return _object(sql, kind)
    if kind.name == "map":
        key = f"trino_json_quoted({_key_text('e.key', kind.items[0])})"
        pair = f"{key} || ':' || coalesce({_json_text('e.value', kind.items[1])}, 'null')"
        # Trino writes a map's keys sorted.
        entries = f"list_sort(list_transform(map_entries({sql}), lambda e: {pair}))"
        joined = f"array_to_string({entries}, ',')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    text = render(sql, kind)
    return f"'\"' || {text} || '\"'" if kind.name in ("date", "timestamp") else text


def _object(sql: str, kind: Type) -> str:
    fields = " || ',' || ".join(
        f"{quote(_json_label(label))} || ':' || "
        f"coalesce({_json_text(f'({sql}).f{number}', item)}, 'null')"
        for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {fields} || '}}' END"


def _json_label(label: str | None) -> str:
    escaped = (label or "").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _key_text(sql: str, kind: Type) -> str:
    return sql if kind.name == "varchar" else render(sql, kind)


def from_json(sql: str, target: Type) -> str:
    """DuckDB text of CAST(sql AS target), where sql is JSON; call `can_be_from_json` first."""
    text, shown = f"CAST({sql} AS VARCHAR)", quote(target.text)
    if target.name in _RANGES:
        most = 2 ** _RANGES[target.name] - 1
        whole = f"trino_json_to_whole({text}, {shown}, {-most - 1}, {most})"
        return whole if target.name == "bigint" else f"CAST({whole} AS {target.duckdb})"
    if target.name == "boolean":
        return f"trino_json_to_boolean({text})"
    if target.name in ("double", "real"):
        return f"CAST(trino_json_to_double({text}) AS {target.duckdb})"
    if target.name == "decimal":
        return f"CAST(trino_json_to_decimal({text}, {shown}) AS {target.duckdb})"
    if target.name == "json":
        return sql
    if target.name == "varchar":
        return f"trino_json_to_varchar({text})"
    return _nested_from_json(text, target, shown)


def _nested_from_json(text: str, target: Type, shown: str) -> str:
    if target.name == "array":
        item = from_json("x", target.items[0])
        return f"list_transform(trino_json_elements({text}, {shown}), lambda x: {item})"
    if target.name == "map":
        key, value = (from_json("x", item) for item in target.items)
        keys = f"list_transform(trino_json_keys({text}, {shown}), lambda x: {key})"
        values = f"list_transform(trino_json_values({text}), lambda x: {value})"
        return f"CASE WHEN {text} IS NOT NULL AND {text} <> 'null' THEN map({keys}, {values}) END"
    labels = "[" + ", ".join(quote(label or "") for label in target.labels) + "]"
    cells = f"trino_json_fields({text}, {labels}, {shown})"
    fields = ", ".join(
        f"'f{number}': {from_json(f'x[{number + 1}]', item)}"
        for number, item in enumerate(target.items)
    )
    return f"list_transform([{cells}], lambda x: CASE WHEN x IS NOT NULL THEN {{{fields}}} END)[1]"
