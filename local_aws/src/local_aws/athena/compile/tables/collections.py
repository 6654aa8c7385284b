"""Arrays and maps."""

from local_aws.athena.types.failing import fail


def _sequence(start: str, stop: str, step: str) -> str:
    count = f"trino_whole_steps({start}, {stop}, {step})"
    return f"list_transform(range({count}), lambda trino_i: {start} + trino_i * ({step}))"


def _moments(start: str, stop: str, step: str, made: str) -> str:
    # Of microseconds.
    return f"list_transform({_sequence(start, stop, step)}, lambda x: {made})"


def joined(items: str, separator: str) -> str:
    """Texts of a list without its NULLs, in one; DuckDB's own takes constant separators only."""
    given = f"list_filter({items}, lambda x: x IS NOT NULL)"
    behind = f"array_to_string(list_transform({given}, lambda x: {separator} || x), '')"
    return f"substr({behind}, length({separator}) + 1)"


_ONE_DAY = "CASE WHEN {0} <= {1} THEN 86400000000 ELSE -86400000000 END"

SCALARS: list[tuple[str, str, str]] = [
    ("cardinality(array(E)) -> bigint", "len({0})", ""),
    (
        "cardinality(map(K,V)) -> bigint",
        "CAST(cardinality({0}) AS BIGINT)",
        "DuckDB answers an unsigned number",
    ),
    (
        "element_at(array(E), bigint) -> E",
        "CASE WHEN {1} = 0 THEN "
        + fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", "{type}")
        + " ELSE list_extract({0}, {1}) END",
        "0 is an error",
    ),
    *[
        (
            f"element_at(map({kind},V), {kind}) -> V",
            "CASE WHEN NOT isnan({1}) THEN {0}[{1}] END",
            "NaN is no key",
        )
        for kind in ("double", "real")
    ],
    ("element_at(map(K,V), K) -> V", "{0}[{1}]", ""),
    ("contains(array(E), E) -> boolean", "trino_contains({0}, {1})", "NULL if there is a NULL"),
    (
        "array_distinct(array(E)) -> array(E)",
        "list_transform(trino_distinct({0}), lambda trino_i: {0}[trino_i])",
        "keeps the order and one NULL; DuckDB's drops both",
    ),
    (
        "array_sort(array(E)) -> array(E)",
        "list_sort({0}, 'ASC', 'NULLS LAST')",
        "NULLs last; DuckDB's default is first",
    ),
    (
        "array_max(array(double)) -> double",
        "CASE WHEN len({0}) = list_count({0}) THEN coalesce("
        "list_max(list_filter({0}, lambda x: NOT isnan(x))), list_max({0})) END",
        "NULL if an element is NULL; NaN only if there is nothing else",
    ),
    (
        "array_max(array(real)) -> real",
        "CASE WHEN len({0}) = list_count({0}) THEN coalesce("
        "list_max(list_filter({0}, lambda x: NOT isnan(x))), list_max({0})) END",
        "NULL if an element is NULL; NaN only if there is nothing else",
    ),
    (
        "array_max(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_max({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_min(array(double)) -> double",
        "CASE WHEN len({0}) = list_count({0}) THEN coalesce("
        "list_min(list_filter({0}, lambda x: NOT isnan(x))), list_min({0})) END",
        "NULL if an element is NULL; NaN only if there is nothing else",
    ),
    (
        "array_min(array(real)) -> real",
        "CASE WHEN len({0}) = list_count({0}) THEN coalesce("
        "list_min(list_filter({0}, lambda x: NOT isnan(x))), list_min({0})) END",
        "NULL if an element is NULL; NaN only if there is nothing else",
    ),
    (
        "array_min(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_min({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_position(array(E), E) -> bigint",
        "trino_position({0}, {1})",
        "0 when absent, where DuckDB gives NULL",
    ),
    (
        "array_remove(array(E), E) -> array(E)",
        "list_transform(trino_without({0}, {1}), lambda trino_i: {0}[trino_i])",
        "DuckDB has no such function",
    ),
    (
        "array_union(array(E), array(E)) -> array(E)",
        "list_transform(trino_union({0}, {1}), lambda trino_i: list_concat({0}, {1})[trino_i])",
        "keeps one NULL",
    ),
    (
        "array_intersect(array(E), array(E)) -> array(E)",
        "list_transform(trino_intersection({0}, {1}), lambda trino_i: {0}[trino_i])",
        "keeps one NULL",
    ),
    (
        "array_except(array(E), array(E)) -> array(E)",
        "list_transform(trino_difference({0}, {1}), lambda trino_i: {0}[trino_i])",
        "DuckDB has no such function",
    ),
    ("arrays_overlap(array(E), array(E)) -> boolean", "trino_overlap({0}, {1})", "three-valued"),
    (
        "array_join(array(varchar), varchar) -> varchar",
        joined("{0}", "{1}"),
        "NULLs are left out",
    ),
    (
        "array_join(array(varchar), varchar, varchar) -> varchar",
        "CASE WHEN {2} IS NOT NULL THEN "
        + joined("list_transform({0}, lambda x: coalesce(x, {2}))", "{1}")
        + " END",
        "NULLs are replaced",
    ),
    ("flatten(array(array(E))) -> array(E)", "flatten({0})", ""),
    ("reverse(array(E)) -> array(E)", "list_reverse({0})", ""),
    (
        "slice(array(E), bigint, bigint) -> array(E)",
        "list_transform([trino_slice_start(len({0}), {1}, {2})], lambda trino_i: "
        "CASE trino_i WHEN 0 THEN list_slice({0}, 1, 0) "
        "ELSE list_slice({0}, trino_i, trino_i + {2} - 1) END)[1]",
        "start and length, where DuckDB takes start and end",
    ),
    (
        "sequence(bigint, bigint) -> array(bigint)",
        _sequence("{0}", "{1}", "CASE WHEN {0} <= {1} THEN 1 ELSE -1 END"),
        "counts down when the end is lower; 10,000 at most",
    ),
    (
        "sequence(bigint, bigint, bigint) -> array(bigint)",
        _sequence("{0}", "{1}", "{2}"),
        "10,000 at most",
    ),
    (
        "sequence(date, date) -> array(date)",
        _moments("epoch_us({0})", "epoch_us({1})", _ONE_DAY, "CAST(make_timestamp(x) AS DATE)"),
        "counts down when the end is earlier; DuckDB answers timestamps",
    ),
    (
        "sequence(date, date, interval day to second) -> array(date)",
        "CASE WHEN epoch_us({2}) % 86400000000 <> 0 THEN "
        + fail(
            "INVALID_FUNCTION_ARGUMENT",
            "'sequence step must be a day interval if start and end values are dates'",
            "DATE[]",
        )
        + " ELSE "
        + _moments(
            "epoch_us({0})",
            "epoch_us({1})",
            "epoch_us({2})",
            "CAST(make_timestamp(x) AS DATE)",
        )
        + " END",
        "whole days; DuckDB answers timestamps",
    ),
    (
        "sequence(timestamp, timestamp, interval day to second) -> array(timestamp)",
        _moments("epoch_us({0})", "epoch_us({1})", "epoch_us({2})", "make_timestamp(x)"),
        "10,000 at most",
    ),
    (
        "repeat(T, bigint) -> array(T)",
        "list_transform(range(trino_repeated({1})), lambda x: {0})",
        "an array; DuckDB's repeats text",
    ),
    ("map() -> map(unknown, unknown)", "CAST(MAP {} AS MAP(INTEGER, INTEGER))", "typed"),
    ("map(array(K), array(V)) -> map(K,V)", "map({0}, {1})", ""),
    ("map_keys(map(K,V)) -> array(K)", "map_keys({0})", ""),
    ("map_values(map(K,V)) -> array(V)", "map_values({0})", ""),
    (
        "map_concat(map(K,V), map(K,V)...) -> map(K,V)",
        "CASE WHEN {nulls} THEN NULL ELSE map_concat({0...}) END",
        "NULL if one is; DuckDB leaves that out",
    ),
    (
        "map_entries(map(K,V)) -> array(row(K, V))",
        "list_transform(map_keys({0}), lambda k: {'f0': k, 'f1': {0}[k]})",
        "DuckDB names the fields otherwise",
    ),
    (
        "map_from_entries(array(row(K, V))) -> map(K,V)",
        "map(list_transform({0}, lambda x: x.f0), list_transform({0}, lambda x: x.f1))",
        "DuckDB names the fields otherwise",
    ),
]
