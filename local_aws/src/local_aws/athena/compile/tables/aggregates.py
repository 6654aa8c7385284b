"""Aggregates."""

from local_aws.athena.types.failing import fail

# (Trino signature, DuckDB call, what is made of the answer as {}, reason)
AGGREGATES: list[tuple[str, str, str, str]] = [
    ("count(T) -> bigint", "count({0})", "{}", ""),
    (
        "count_if(boolean) -> bigint",
        "count(CASE WHEN {0} THEN 1 END)",
        "{}",
        "DuckDB answers a hugeint",
    ),
    (
        "sum(bigint) -> bigint",
        "sum({0})",
        "CAST({} AS BIGINT)",
        "DuckDB sums to a hugeint; Trino overflows",
    ),
    (
        "sum(D) -> decimal(38,S)",
        "sum({0})",
        "CASE WHEN abs({}) > {most} THEN "
        + fail("NUMERIC_VALUE_OUT_OF_RANGE", "'Decimal overflow'", "DOUBLE")
        + " ELSE CAST({} AS {type}) END",
        "DuckDB sums to more than 38 digits",
    ),
    ("sum(double) -> double", "sum({0})", "{}", ""),
    ("sum(real) -> real", "sum({0})", "CAST({} AS FLOAT)", "DuckDB sums to a double"),
    (
        "avg(D) -> D",
        "sum({0}) & count({0})",
        (
            "CASE WHEN {1} > 0 THEN CAST(trino_decimal_divide(CAST({0} AS VARCHAR), "
            "CAST({1} AS VARCHAR), {scale}) AS {type}) END"
        ),
        "exact, and stays a decimal; DuckDB's is a double",
    ),
    ("avg(double) -> double", "avg({0})", "{}", ""),
    ("avg(real) -> real", "avg({0})", "CAST({} AS FLOAT)", "DuckDB makes a double"),
    *[
        (
            f"{name}({kind}) -> {kind}",
            f"{name}({{0}}) & {name}(CASE WHEN NOT isnan({{0}}) THEN {{0}} END)",
            "coalesce({1}, {0})",
            "NaN only if there is nothing else",
        )
        for name in ("min", "max")
        for kind in ("double", "real")
    ],
    ("min(T) -> T", "min({0})", "{}", ""),
    ("max(T) -> T", "max({0})", "{}", ""),
    ("min(T, bigint) -> array(T)", "min({0}, {1})", "{}", ""),
    ("max(T, bigint) -> array(T)", "max({0}, {1})", "{}", ""),
    ("min_by(T, K) -> T", "arg_min_null({0}, {1})", "{}", "a NULL answer counts"),
    ("max_by(T, K) -> T", "arg_max_null({0}, {1})", "{}", "a NULL answer counts"),
    ("min_by(T, K, bigint) -> array(T)", "arg_min({0}, {1}, {2})", "{}", ""),
    ("max_by(T, K, bigint) -> array(T)", "arg_max({0}, {1}, {2})", "{}", ""),
    ("arbitrary(T) -> T", "any_value({0})", "{}", ""),
    ("any_value(T) -> T", "any_value({0})", "{}", ""),
    ("array_agg(T) -> array(T)", "list({0})", "{}", ""),
    ("bool_and(boolean) -> boolean", "bool_and({0})", "{}", ""),
    ("bool_or(boolean) -> boolean", "bool_or({0})", "{}", ""),
    ("every(boolean) -> boolean", "bool_and({0})", "{}", ""),
    ("approx_distinct(T) -> bigint", "approx_count_distinct({0})", "{}", ""),
    ("approx_distinct(T, double) -> bigint", "approx_count_distinct({0})", "{}", ""),
    ("approx_percentile(T, double) -> T", "quantile_disc({0}, {1})", "{}", "exact here"),
    (
        "approx_percentile(T, array(double)) -> array(T)",
        "quantile_disc({0}, {1})",
        "{}",
        "exact here",
    ),
    ("geometric_mean(double) -> double", "exp(avg(ln({0})))", "{}", ""),
    *[
        (f"{name}(double) -> double", f"{target}({{0}})", "{}", "")
        for name, target in (
            ("stddev", "stddev_samp"),
            ("stddev_samp", "stddev_samp"),
            ("stddev_pop", "stddev_pop"),
            ("variance", "var_samp"),
            ("var_samp", "var_samp"),
            ("var_pop", "var_pop"),
            ("skewness", "skewness"),
            ("kurtosis", "kurtosis"),
        )
    ],
    *[
        (f"{name}(double, double) -> double", f"{name}({{0}}, {{1}})", "{}", "")
        for name in ("corr", "covar_samp", "covar_pop", "regr_slope", "regr_intercept")
    ],
    ("bitwise_and_agg(bigint) -> bigint", "bit_and({0})", "{}", ""),
    ("bitwise_or_agg(bigint) -> bigint", "bit_or({0})", "{}", ""),
    (
        "histogram(T) -> map(T,bigint)",
        "histogram({0})",
        "CAST({} AS {type})",
        "DuckDB counts unsigned",
    ),
    (
        "map_agg(K, V) -> map(K,V)",
        "list({'k': {0}, 'v': {1}})",
        (
            "map(list_transform(list_distinct(list_transform({}, lambda x: x.k)), lambda k: k), "
            "list_transform(list_distinct(list_transform({}, lambda x: x.k)), "
            "lambda k: list_filter({}, lambda x: x.k = k)[1].v))"
        ),
        "DuckDB has no such function",
    ),
    (
        "multimap_agg(K, V) -> map(K,array(V))",
        "list({'k': {0}, 'v': {1}})",
        (
            "map(list_distinct(list_transform({}, lambda x: x.k)), "
            "list_transform(list_distinct(list_transform({}, lambda x: x.k)), "
            "lambda k: list_transform(list_filter({}, lambda x: x.k = k), lambda x: x.v)))"
        ),
        "DuckDB has no such function",
    ),
    (
        "checksum(T) -> varbinary",
        "sum(CAST(hash({0}) AS HUGEINT))",
        "unhex(lpad(to_hex(CAST({} % 9223372036854775807 AS BIGINT)), 16, '0'))",
        "independent of order as Trino's, other values",
    ),
]
