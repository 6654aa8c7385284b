"""Regular expressions: in Python, for those of DuckDB have no look-around and no references."""

_REASON = "as Joni reads it"

SCALARS: list[tuple[str, str, str]] = [
    ("regexp_like(varchar(x), varchar) -> boolean", "trino_regexp_like({0}, {1})", _REASON),
    (
        "regexp_extract(varchar(x), varchar) -> varchar(x)",
        "trino_regexp_extract({0}, {1}, 0)",
        _REASON,
    ),
    (
        "regexp_extract(varchar(x), varchar, bigint) -> varchar(x)",
        "trino_regexp_extract({0}, {1}, {2})",
        _REASON,
    ),
    (
        "regexp_extract_all(varchar(x), varchar) -> array(varchar(x))",
        "trino_regexp_extract_all({0}, {1}, 0)",
        _REASON,
    ),
    (
        "regexp_extract_all(varchar(x), varchar, bigint) -> array(varchar(x))",
        "trino_regexp_extract_all({0}, {1}, {2})",
        _REASON,
    ),
    (
        "regexp_split(varchar(x), varchar) -> array(varchar(x))",
        "trino_regexp_split({0}, {1})",
        _REASON,
    ),
    ("regexp_count(varchar(x), varchar) -> bigint", "trino_regexp_count({0}, {1})", _REASON),
    *[
        (
            f"regexp_position(varchar(x), varchar{', bigint' * more}) -> integer",
            f"CAST(trino_regexp_position({{0}}, {{1}}, {text}) AS INTEGER)",
            _REASON,
        )
        for more, text in ((0, "1, 1"), (1, "{2}, 1"), (2, "{2}, {3}"))
    ],
    (
        "regexp_replace(varchar(x), varchar) -> varchar(x)",
        "trino_regexp_replace({0}, {1}, '')",
        _REASON,
    ),
    (
        "regexp_replace(varchar(x), varchar, varchar(y)) -> varchar(matched)",
        "trino_regexp_replace({0}, {1}, {2})",
        _REASON,
    ),
]
