"""JSON."""

from local_aws.athena.types.failing import fail

SCALARS: list[tuple[str, str, str]] = [
    (
        "json_extract_scalar(varchar, varchar) -> varchar",
        (
            "CASE WHEN CASE WHEN json_valid({0}) THEN json_type({0}, {1}) END "
            "NOT IN ('OBJECT', 'ARRAY') THEN json_extract_string({0}, {1}) END"
        ),
        "NULL for bad JSON and for what is no scalar",
    ),
    (
        "json_extract_scalar(json, varchar) -> varchar",
        (
            "CASE WHEN json_type({0}, {1}) NOT IN ('OBJECT', 'ARRAY') "
            "THEN json_extract_string({0}, {1}) END"
        ),
        "NULL for what is no scalar",
    ),
    (
        "json_extract(varchar, varchar) -> json",
        "CASE WHEN json_valid({0}) THEN json_extract({0}, {1}) END",
        "NULL for bad JSON",
    ),
    ("json_extract(json, varchar) -> json", "json_extract({0}, {1})", ""),
    (
        "json_parse(varchar) -> json",
        "CASE WHEN json_valid({0}) THEN json({0}) WHEN {0} IS NOT NULL THEN "
        + fail(
            "INVALID_FUNCTION_ARGUMENT",
            "'Cannot convert value to JSON: ''' || {0} || ''''",
            "JSON",
        )
        + " END",
        "Trino's error",
    ),
    ("json_format(json) -> varchar", "CAST(json({0}) AS VARCHAR)", ""),
    (
        "json_array_length(varchar) -> bigint",
        (
            "CASE WHEN CASE WHEN json_valid({0}) THEN json_type({0}) END = 'ARRAY' "
            "THEN json_array_length({0}) END"
        ),
        "NULL for what is no array",
    ),
    (
        "json_array_length(json) -> bigint",
        "CASE WHEN json_type({0}) = 'ARRAY' THEN json_array_length({0}) END",
        "NULL for what is no array",
    ),
    (
        "json_size(json, varchar) -> bigint",
        (
            "CASE json_type({0}, {1}) WHEN 'ARRAY' THEN json_array_length({0}, {1}) "
            "WHEN 'OBJECT' THEN len(json_keys({0}, {1})) ELSE 0 END"
        ),
        "DuckDB has no such function",
    ),
]
