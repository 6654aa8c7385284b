"""Texts."""

SCALARS: list[tuple[str, str, str]] = [
    ("length(varchar) -> bigint", "length({0})", ""),
    ("length(varbinary) -> bigint", "octet_length({0})", "DuckDB's length is of text"),
    ("lower(varchar) -> varchar", "lower({0})", ""),
    ("upper(varchar) -> varchar", "upper({0})", ""),
    ("trim(varchar) -> varchar", "trim({0})", ""),
    ("ltrim(varchar) -> varchar", "ltrim({0})", ""),
    ("rtrim(varchar) -> varchar", "rtrim({0})", ""),
    ("trim(varchar, varchar) -> varchar", "trim({0}, {1})", ""),
    ("ltrim(varchar, varchar) -> varchar", "ltrim({0}, {1})", ""),
    ("rtrim(varchar, varchar) -> varchar", "rtrim({0}, {1})", ""),
    ("reverse(varchar) -> varchar", "reverse({0})", ""),
    ("replace(varchar, varchar) -> varchar", "replace({0}, {1}, '')", "DuckDB needs all three"),
    ("replace(varchar, varchar, varchar) -> varchar", "replace({0}, {1}, {2})", ""),
    ("translate(varchar, varchar, varchar) -> varchar", "translate({0}, {1}, {2})", ""),
    (
        "substr(varchar, bigint) -> varchar",
        "CASE WHEN {1} = 0 OR -{1} > length({0}) THEN '' ELSE substr({0}, {1}) END",
        "position 0, and one before the start, give '' in Trino",
    ),
    (
        "substr(varchar, bigint, bigint) -> varchar",
        (
            "CASE WHEN {1} = 0 OR {2} <= 0 OR -{1} > length({0}) THEN '' "
            "ELSE substr({0}, {1}, {2}) END"
        ),
        "as above; a negative length gives ''",
    ),
    ("strpos(varchar, varchar) -> bigint", "strpos({0}, {1})", ""),
    ("split(varchar, varchar) -> array(varchar)", "string_split({0}, {1})", ""),
    (
        "split(varchar, varchar, bigint) -> array(varchar)",
        (
            "list_concat(list_slice(string_split({0}, {1}), 1, {2} - 1), "
            "CASE WHEN len(string_split({0}, {1})) >= {2} THEN [array_to_string("
            "list_slice(string_split({0}, {1}), {2}, len(string_split({0}, {1}))), {1})] "
            "ELSE [] END)"
        ),
        "the last part keeps the rest; DuckDB has no limit",
    ),
    (
        "split_part(varchar, varchar, bigint) -> varchar",
        "string_split({0}, {1})[{2}]",
        "NULL beyond the last part, where DuckDB gives ''",
    ),
    ("lpad(varchar, bigint, varchar) -> varchar", "lpad({0}, CAST({1} AS INTEGER), {2})", ""),
    ("rpad(varchar, bigint, varchar) -> varchar", "rpad({0}, CAST({1} AS INTEGER), {2})", ""),
    ("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})", ""),
    ("chr(bigint) -> varchar", "chr(CAST({0} AS INTEGER))", ""),
    ("codepoint(varchar) -> integer", "unicode({0})", ""),
    ("levenshtein_distance(varchar, varchar) -> bigint", "levenshtein({0}, {1})", ""),
    ("hamming_distance(varchar, varchar) -> bigint", "hamming({0}, {1})", ""),
    ("to_utf8(varchar) -> varbinary", "encode({0})", ""),
    ("from_utf8(varbinary) -> varchar", "decode({0})", ""),
    ("concat_ws(varchar, array(varchar)) -> varchar", "array_to_string({1}, {0})", ""),
    ("concat_ws(varchar, varchar...) -> varchar", "concat_ws({0}, {1...})", ""),
    ("uuid() -> uuid", "uuid()", ""),
]
