"""Numbers."""

_NAN = "CAST('nan' AS DOUBLE)"

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
    ("cbrt(double) -> double", "cbrt({0})", ""),
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
            f"CASE WHEN {{0}} > 0 THEN log2({{0}}) WHEN {{0}} = 0 THEN "
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
    ("log(double, double) -> double", "log({0}, {1})", ""),
    ("power(double, double) -> double", "pow({0}, {1})", ""),
    ("pow(double, double) -> double", "pow({0}, {1})", ""),
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
    ("bitwise_left_shift(bigint, bigint) -> bigint", "({0} << {1})", ""),
    ("bitwise_right_shift(bigint, bigint) -> bigint", "({0} >> {1})", ""),
    *[
        (f"{name}(double) -> double", f"{name}({{0}})", "")
        for name in (
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "degrees",
            "radians",
        )
    ],
    ("atan2(double, double) -> double", "atan2({0}, {1})", ""),
    (
        "from_base(varchar, bigint) -> bigint",
        "CAST(('0x' || {0}) AS BIGINT)",
        "only base 16 reaches DuckDB",
    ),
]
