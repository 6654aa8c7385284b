"""Regular expressions."""

SCALARS: list[tuple[str, str, str]] = [
    ("regexp_like(varchar, varchar) -> boolean", "regexp_matches({0}, {1})", ""),
    (
        "regexp_extract(varchar, varchar) -> varchar",
        "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END",
        "NULL without a match, where DuckDB gives ''",
    ),
    (
        "regexp_extract(varchar, varchar, bigint) -> varchar",
        "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}, {2i}) END",
        "as above",
    ),
    ("regexp_extract_all(varchar, varchar) -> array(varchar)", "regexp_extract_all({0}, {1})", ""),
    (
        "regexp_extract_all(varchar, varchar, bigint) -> array(varchar)",
        "regexp_extract_all({0}, {1}, {2i})",
        "",
    ),
    ("regexp_split(varchar, varchar) -> array(varchar)", "regexp_split_to_array({0}, {1})", ""),
    ("regexp_count(varchar, varchar) -> bigint", "len(regexp_extract_all({0}, {1}))", ""),
    (
        "regexp_replace(varchar, varchar) -> varchar",
        "regexp_replace({0}, {1}, '', 'g')",
        "all matches; DuckDB replaces the first",
    ),
    (
        "regexp_replace(varchar, varchar, varchar) -> varchar",
        (
            r"regexp_replace({0}, {1}, regexp_replace(replace({2}, '\', '\\'), "
            r"'\$(\d)', '\\\1', 'g'), 'g')"
        ),
        r"groups are $1 in Trino and \1 in DuckDB; all matches",
    ),
]
