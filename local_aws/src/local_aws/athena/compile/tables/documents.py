"""JSON. What goes by paths is in `json_functions.py`."""

SCALARS: list[tuple[str, str, str]] = [
    (
        "json_parse(varchar) -> json",
        "CAST(trino_json_parse({0}) AS JSON)",
        "keys sorted, numbers in Java's form",
    ),
    ("json_format(json) -> varchar", "CAST({0} AS VARCHAR)", "its text is in Trino's form"),
    *[
        (
            f"json_array_length({kind}) -> bigint",
            "trino_json_array_length(CAST({0} AS VARCHAR))",
            "NULL for what is no array",
        )
        for kind in ("varchar", "json")
    ],
    *[
        (
            f"json_size({kind}, varchar) -> bigint",
            "trino_json_size(CAST({0} AS VARCHAR), {1})",
            "DuckDB has no such function",
        )
        for kind in ("varchar", "json")
    ],
    *[
        (
            f"json_array_contains({document}, {kind}) -> boolean",
            f"trino_json_array_contains(CAST({{0}} AS VARCHAR), CAST({{1}} AS VARCHAR), '{kind}')",
            "by kind of value",
        )
        for document in ("varchar", "json")
        for kind in ("varchar", "bigint", "double", "boolean")
    ],
]
