"""URLs, as java.net.URI reads them; DuckDB has only an encoding, another one."""

SCALARS: list[tuple[str, str, str]] = [
    ("url_encode(varchar(x)) -> varchar(encoded)", "trino_url_encode({0})", "blanks as +"),
    ("url_decode(varchar(x)) -> varchar(x)", "trino_url_decode({0})", "blanks as +; errors"),
    (
        "url_extract_parameter(varchar(x), varchar(y)) -> varchar(x)",
        "trino_url_extract_parameter({0}, {1})",
        "DuckDB has no such function",
    ),
    ("url_extract_port(varchar(x)) -> bigint", "trino_url_extract_port({0})", "as above"),
    *(
        (
            f"url_extract_{part}(varchar(x)) -> varchar(x)",
            f"trino_url_extract_{part}({{0}})",
            "as above",
        )
        for part in ("protocol", "host", "path", "query", "fragment")
    ),
]
