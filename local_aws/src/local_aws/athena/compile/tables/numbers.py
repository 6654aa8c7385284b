"""Numbers."""

_NAN = "CAST('nan' AS DOUBLE)"

# Small numbers, which are most, need no function of Python's.
_SHIFTS = [
    (
        f"{name}({kind}, integer) -> {kind}",
        (
            f"CASE WHEN {{0}} >= 0 AND {condition} AND {{1}} >= 0 AND {{1}} < {bits // 2} "
            f"THEN CAST(CAST({{0}} AS BIGINT) {symbol} {{1}} AS {kind.upper()}) "
            f"ELSE CAST(trino_{name}({{0}}, {{1}}, {bits}) AS {kind.upper()}) END"
        ),
        "the bits of the type, of which some are lost; DuckDB fails",
    )
    for kind, bits in (("tinyint", 8), ("smallint", 16), ("integer", 32), ("bigint", 64))
    for name, symbol, condition in (
        ("bitwise_left_shift", "<<", f"{{0}} < {2 ** (bits // 2 - 1)}"),
        ("bitwise_right_shift", ">>", "true"),
        ("bitwise_right_shift_arithmetic", ">>", "true"),
    )
]

SCALARS: list[tuple[str, str, str]] = [
    ("abs(N) -> N", "abs({0})", ""),
    ("ceil(double) -> double", "ceil({0})", ""),
    ("floor(double) -> double", "floor({0})", ""),
    ("round(double) -> double", "round({0})", ""),
    ("round(double, integer) -> double", "round({0}, {1})", ""),
    ("truncate(double) -> double", "trunc({0})", ""),
    ("sign(double) -> double", "CAST(sign({0}) AS DOUBLE)", "DuckDB answers a tinyint"),
    ("sign(bigint) -> bigint", "CAST(sign({0}) AS BIGINT)", "DuckDB answers a tinyint"),
    (
        "sqrt(double) -> double",
        f"CASE WHEN {{0}} < 0 THEN {_NAN} ELSE sqrt({{0}}) END",
        "NaN for a negative, where DuckDB fails",
    ),
    (
        "cbrt(double) -> double",
        "CASE WHEN isfinite({0}) THEN trino_cbrt({0}) ELSE {0} END",
        "exact for cubes",
    ),
    ("exp(double) -> double", "exp({0})", ""),
    (
        "ln(double) -> double",
        (
            f"CASE WHEN {{0}} > 0 THEN ln({{0}}) WHEN {{0}} = 0 THEN CAST('-inf' AS DOUBLE) "
            f"WHEN {{0}} < 0 THEN {_NAN} END"
        ),
        "infinity and NaN, where DuckDB fails",
    ),
    (
        "log2(double) -> double",
        (
            f"CASE WHEN {{0}} > 0 THEN ln({{0}}) / ln(CAST(2 AS DOUBLE)) WHEN {{0}} = 0 THEN "
            f"CAST('-inf' AS DOUBLE) WHEN {{0}} < 0 THEN {_NAN} END"
        ),
        "as ln",
    ),
    (
        "log10(double) -> double",
        (
            f"CASE WHEN {{0}} > 0 THEN log10({{0}}) WHEN {{0}} = 0 THEN "
            f"CAST('-inf' AS DOUBLE) WHEN {{0}} < 0 THEN {_NAN} END"
        ),
        "as ln",
    ),
    (
        "log(double, double) -> double",
        "CAST(trino_log({0}, {1}) AS DOUBLE)",
        "NaN where DuckDB fails",
    ),
    (
        "power(double, double) -> double",
        "CASE WHEN isfinite({1}) AND {0} > 0 THEN pow({0}, {1}) "
        "ELSE CAST(trino_power({0}, {1}) AS DOUBLE) END",
        "NaN for 1 and NaN",
    ),
    (
        "pow(double, double) -> double",
        "CASE WHEN isfinite({1}) AND {0} > 0 THEN pow({0}, {1}) "
        "ELSE CAST(trino_power({0}, {1}) AS DOUBLE) END",
        "NaN for 1 and NaN",
    ),
    ("pi() -> double", "pi()", ""),
    ("e() -> double", "exp(1)", "DuckDB has no e()"),
    ("infinity() -> double", "CAST('inf' AS DOUBLE)", "DuckDB has no such function"),
    ("nan() -> double", _NAN, "DuckDB has no such function"),
    ("is_nan(double) -> boolean", "isnan({0})", ""),
    ("is_infinite(double) -> boolean", "isinf({0})", ""),
    ("is_finite(double) -> boolean", "isfinite({0})", ""),
    ("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})", ""),
    ("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})", ""),
    ("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})", ""),
    ("bitwise_not(bigint) -> bigint", "(~{0})", ""),
    *_SHIFTS,
    ("bit_count(bigint, bigint) -> bigint", "trino_bit_count({0}, {1})", "of so many bits"),
    *[
        (
            f"{name}(double) -> double",
            f"CASE WHEN {condition} THEN {_NAN} ELSE {name}({{0}}) END",
            "NaN where DuckDB fails",
        )
        for name, condition in (
            ("sin", "isinf({0})"),
            ("cos", "isinf({0})"),
            ("tan", "isinf({0})"),
            ("asin", "abs({0}) > 1"),
            ("acos", "abs({0}) > 1"),
        )
    ],
    *[
        (f"{name}(double) -> double", f"{name}({{0}})", "")
        for name in (
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "degrees",
            "radians",
        )
    ],
    ("atan2(double, double) -> double", "atan2({0}, {1})", ""),
    ("from_base(varchar, bigint) -> bigint", "trino_from_base({0}, {1})", "any base"),
    ("to_base(bigint, bigint) -> varchar(64)", "trino_to_base({0}, {1})", "any base"),
    (
        "width_bucket(double, double, double, bigint) -> bigint",
        "trino_width_bucket({0}, {1}, {2}, {3})",
        "bounds in either order",
    ),
]
