"""Values as texts: as Athena's results print them."""

from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import offset_text, quote, wall_clock


def render(sql: str, kind: Type) -> str:
    """DuckDB text of a value's text form as Athena's results hold it."""
    if kind.is_text:
        return sql
    if kind.is_number and not kind.is_integer:
        return render_decimal(sql, kind) if kind.name == "decimal" else render_float(sql, kind)
    if kind.name in ("date", "timestamp"):
        return _render_date(sql) if kind.name == "date" else _render_moment(sql, kind)
    if kind.name == "timestamp with time zone":
        zone = quote(kind.zone) if kind.zone else offset_text(f"({sql}).o")
        return f"{_render_moment(wall_clock(sql, kind), kind)} || ' ' || {zone}"
    if kind.name == "time":
        return _render_moment(f"(DATE '2000-01-01' + {sql})", kind) + "[12:]"
    if kind.name.startswith("interval"):
        return _render_interval(sql, kind)
    if kind.name == "varbinary":
        # Athena prints bytes as lower-case hex pairs.
        return f"regexp_replace(lower(hex({sql})), '(..)(?:$)?', '\\1 ', 'g').trim()"
    if kind.name == "json":
        return f"CAST({sql} AS VARCHAR)"
    if kind.items:
        return _render_nested(sql, kind)
    return f"CAST({sql} AS VARCHAR)"


def _render_date(sql: str) -> str:
    year = f"year({sql})"
    sign = f"CASE WHEN {year} > 9999 THEN '+' WHEN {year} < 0 THEN '-' ELSE '' END"
    far = f"{sign} || printf('%04d', abs({year})) || strftime({sql}, '-%m-%d')"
    return f"CASE WHEN {year} BETWEEN 1 AND 9999 THEN CAST({sql} AS VARCHAR) ELSE {far} END"


def render_decimal(sql: str, kind: Type) -> str:
    """A decimal with a digit before its point, which DuckDB leaves out where there can be none."""
    text = f"CAST({sql} AS VARCHAR)"
    if kind.args[0] != kind.args[1]:
        return text
    return f"regexp_replace({text}, '^(-?)\\.', '\\10.')"


def _render_moment(sql: str, kind: Type) -> str:
    digits = (kind.args or (3,))[0]
    if digits == 0:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
    if digits <= 3:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')[:{20 + digits}]"
    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%f')[:{20 + digits}]"


def render_float(sql: str, kind: Type) -> str:
    """Java's Double.toString and Float.toString: 1.0, 1.0E7, 1.0E-5, NaN, Infinity."""
    if kind.name == "real":
        return f"trino_real_text({sql})"
    # DuckDB prints the same digits, but gets to an exponent later. Few doubles are so large or
    # so small.
    return (
        f"CASE WHEN {sql} = 0 OR abs({sql}) >= 1e-3 AND abs({sql}) < 1e7 "
        f"THEN CAST({sql} AS VARCHAR) ELSE trino_double_text({sql}) END"
    )


def _render_interval(sql: str, kind: Type) -> str:
    if kind.name == "interval year to month":
        months = f"CAST(datepart('year', {sql}) * 12 + datepart('month', {sql}) AS BIGINT)"
        sign = f"CASE WHEN {months} < 0 THEN '-' ELSE '' END"
        months = f"abs({months})"
        return f"{sign} || CAST({months} // 12 AS VARCHAR) || '-' || CAST({months} % 12 AS VARCHAR)"
    milliseconds = f"CAST(round(epoch({sql}) * 1000) AS BIGINT)"
    return (
        f"CASE WHEN {milliseconds} < 0 THEN '-' ELSE '' END || "
        f"CAST(abs({milliseconds}) // 86400000 AS VARCHAR) || ' ' || strftime("
        f"epoch_ms(abs({milliseconds}) % 86400000), '%H:%M:%S.%g')"
    )


def _render_nested(sql: str, kind: Type) -> str:
    if kind.name == "array":
        item = f"coalesce({render('x', kind.items[0])}, 'null')"
        joined = f"array_to_string(list_transform({sql}, lambda x: {item}), ', ')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '[' || {joined} || ']' END"
    if kind.name == "map":
        value = f"coalesce({render('e.value', kind.items[1])}, 'null')"
        item = f"{render('e.key', kind.items[0])} || '=' || {value}"
        joined = f"array_to_string(list_transform(map_entries({sql}), lambda e: {item}), ', ')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    fields = " || ', ' || ".join(
        f"{quote((label or f'field{number}') + '=')} || "
        f"coalesce({render(f'({sql}).f{number}', item)}, 'null')"
        for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {fields} || '}}' END"
