"""Arrays and maps."""

SCALARS: list[tuple[str, str, str]] = [
    ("cardinality(array(E)) -> bigint", "len({0})", ""),
    (
        "cardinality(map(K,V)) -> bigint",
        "CAST(cardinality({0}) AS BIGINT)",
        "DuckDB answers an unsigned number",
    ),
    ("element_at(array(E), bigint) -> E", "list_extract({0}, {1})", ""),
    ("element_at(map(K,V), K) -> V", "{0}[{1}]", ""),
    ("contains(array(E), E) -> boolean", "list_contains({0}, {1})", ""),
    (
        "array_distinct(array(E)) -> array(E)",
        (
            "list_filter({0}, lambda x, i: list_position({0}, x) = i "
            "OR x IS NULL AND i = list_position(list_transform({0}, lambda y: y IS NULL), true))"
        ),
        "keeps the order and one NULL; DuckDB's drops both",
    ),
    (
        "array_sort(array(E)) -> array(E)",
        "list_sort({0}, 'ASC', 'NULLS LAST')",
        "NULLs last; DuckDB's default is first",
    ),
    (
        "array_max(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_max({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_min(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_min({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_position(array(E), E) -> bigint",
        "coalesce(list_position({0}, {1}), 0)",
        "0 when absent, where DuckDB gives NULL",
    ),
    (
        "array_remove(array(E), E) -> array(E)",
        "list_filter({0}, lambda x: x <> {1})",
        "DuckDB has no such function",
    ),
    (
        "array_union(array(E), array(E)) -> array(E)",
        "list_distinct(list_concat({0}, {1}))",
        "order is not defined",
    ),
    ("array_intersect(array(E), array(E)) -> array(E)", "list_intersect({0}, {1})", ""),
    (
        "array_except(array(E), array(E)) -> array(E)",
        "list_distinct(list_filter({0}, lambda x: NOT list_contains({1}, x)))",
        "DuckDB has no such function",
    ),
    ("arrays_overlap(array(E), array(E)) -> boolean", "list_has_any({0}, {1})", ""),
    (
        "array_join(array(varchar), varchar) -> varchar",
        "array_to_string(list_filter({0}, lambda x: x IS NOT NULL), {1})",
        "NULLs are left out",
    ),
    (
        "array_join(array(varchar), varchar, varchar) -> varchar",
        "array_to_string(list_transform({0}, lambda x: coalesce(x, {2})), {1})",
        "NULLs are replaced",
    ),
    ("flatten(array(array(E))) -> array(E)", "flatten({0})", ""),
    ("reverse(array(E)) -> array(E)", "list_reverse({0})", ""),
    (
        "slice(array(E), bigint, bigint) -> array(E)",
        (
            "list_slice({0}, CASE WHEN {1} < 0 THEN len({0}) + 1 + {1} ELSE {1} END, "
            "CASE WHEN {1} < 0 THEN len({0}) + {1} + {2} ELSE {1} + {2} - 1 END)"
        ),
        "start and length, where DuckDB takes start and end",
    ),
    (
        "sequence(bigint, bigint) -> array(bigint)",
        "generate_series({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
        "counts down when the end is lower",
    ),
    ("sequence(bigint, bigint, bigint) -> array(bigint)", "generate_series({0}, {1}, {2})", ""),
    (
        "sequence(date, date) -> array(date)",
        "list_transform(generate_series({0}, {1}, INTERVAL 1 DAY), lambda x: CAST(x AS DATE))",
        "DuckDB answers timestamps",
    ),
    (
        "sequence(date, date, interval day to second) -> array(date)",
        "list_transform(generate_series({0}, {1}, {2}), lambda x: CAST(x AS DATE))",
        "DuckDB answers timestamps",
    ),
    (
        "sequence(timestamp, timestamp, interval day to second) -> array(timestamp)",
        "generate_series({0}, {1}, {2})",
        "",
    ),
    (
        "repeat(T, bigint) -> array(T)",
        "list_transform(range({1}), lambda x: {0})",
        "an array; DuckDB's repeats text",
    ),
    ("map() -> map(unknown, unknown)", "MAP {}", ""),
    ("map(array(K), array(V)) -> map(K,V)", "map({0}, {1})", ""),
    ("map_keys(map(K,V)) -> array(K)", "map_keys({0})", ""),
    ("map_values(map(K,V)) -> array(V)", "map_values({0})", ""),
    ("map_concat(map(K,V), map(K,V)) -> map(K,V)", "map_concat({0}, {1})", ""),
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
