"""Aggregates."""

from local_aws.athena.types.failing import fail

_NO_NUMBER = fail("NOT_SUPPORTED", "'local_aws takes no NULL for a number of values'", "BIGINT")

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
        + fail("NUMERIC_VALUE_OUT_OF_RANGE", "'Decimal overflow'", "{type}")
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
    ("min(T, bigint) -> array(T)", f"min({{0}}, coalesce({{1}}, {_NO_NUMBER}))", "{}", ""),
    ("max(T, bigint) -> array(T)", f"max({{0}}, coalesce({{1}}, {_NO_NUMBER}))", "{}", ""),
    *[
        (
            f"{name}(T, {kind}) -> T",
            f"{target}_null({{0}}, CASE WHEN NOT isnan({{1}}) THEN {{1}} END)",
            "{}",
            "NaN is neither the least nor the most",
        )
        for name, target in (("min_by", "arg_min"), ("max_by", "arg_max"))
        for kind in ("double", "real")
    ],
    ("min_by(T, K) -> T", "arg_min_null({0}, {1})", "{}", "a NULL answer counts"),
    ("max_by(T, K) -> T", "arg_max_null({0}, {1})", "{}", "a NULL answer counts"),
    *[
        (
            f"{name}(T, K, bigint) -> array(T)",
            f"{target}({{'v': {{0}}}}, {{1}}, coalesce({{2}}, {_NO_NUMBER}))",
            "list_transform({}, lambda x: x.v)",
            "a NULL answer counts",
        )
        for name, target in (("min_by", "arg_min"), ("max_by", "arg_max"))
    ],
    ("arbitrary(T) -> T", "any_value({0})", "{}", ""),
    ("any_value(T) -> T", "any_value({0})", "{}", ""),
    ("array_agg(T) -> array(T)", "list({0})", "{}", ""),
    ("bool_and(boolean) -> boolean", "bool_and({0})", "{}", ""),
    ("bool_or(boolean) -> boolean", "bool_or({0})", "{}", ""),
    ("every(boolean) -> boolean", "bool_and({0})", "{}", ""),
    ("approx_distinct(T) -> bigint", "approx_count_distinct({0})", "{}", ""),
    ("approx_distinct(T, double) -> bigint", "approx_count_distinct({0})", "{}", ""),
    *[
        (
            f"approx_percentile({kind}, {share}) -> {result}",
            "quantile_disc({0}, {1})",
            "{}",
            "exact here",
        )
        for kind in ("bigint", "real", "double")
        for share, result in (("double", kind), ("array(double)", f"array({kind})"))
    ],
    *[
        (
            f"geometric_mean({kind}) -> {result}",
            (
                "avg(CASE WHEN {0} > 0 THEN ln({0}) WHEN {0} = 0 THEN CAST('-inf' AS DOUBLE) "
                "WHEN {0} IS NOT NULL THEN CAST('nan' AS DOUBLE) END)"
            ),
            "CAST(exp({}) AS {type})",
            "0 and NaN, where DuckDB fails",
        )
        for kind, result in (("bigint", "double"), ("real", "real"), ("double", "double"))
    ],
    *[
        (
            f"{name}(double) -> double",
            f"{target}(CASE WHEN isfinite({{0}}) THEN {{0}} END) & bool_or(NOT isfinite({{0}}))",
            "CASE WHEN {1} THEN CAST('nan' AS DOUBLE) ELSE {0} END",
            "NaN of what is not finite, where DuckDB fails",
        )
        for name, target in (
            ("stddev", "stddev_samp"),
            ("stddev_samp", "stddev_samp"),
            ("stddev_pop", "stddev_pop"),
            ("variance", "var_samp"),
            ("var_samp", "var_samp"),
            ("var_pop", "var_pop"),
        )
    ],
    (
        "skewness(double) -> double",
        "skewness({0}) & count({0})",
        "{0} * ({1} - 2) / sqrt(CAST({1} * ({1} - 1) AS DOUBLE))",
        "of the population; DuckDB's is of a sample",
    ),
    (
        "kurtosis(double) -> double",
        "kurtosis({0}) & count({0})",
        "CASE WHEN {1} > 3 THEN coalesce({0}, CAST('nan' AS DOUBLE)) END",
        "NaN of equal values",
    ),
    *[
        (
            f"{name}({kind}, {kind}) -> {kind}",
            f"{name}(CAST({{0}} AS DOUBLE), CAST({{1}} AS DOUBLE))",
            "CASE WHEN NOT isnan({}) THEN CAST({} AS {type}) END",
            "NULL where DuckDB gives NaN",
        )
        for name in ("corr", "covar_samp", "covar_pop", "regr_slope", "regr_intercept")
        for kind in ("real", "double")
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
            "CASE WHEN len(list_filter({}, lambda x: x.k IS NOT NULL)) > 0 THEN "
            "map(list_transform(list_distinct(list_transform({}, lambda x: x.k)), lambda k: k), "
            "list_transform(list_distinct(list_transform({}, lambda x: x.k)), "
            "lambda k: list_filter({}, lambda x: x.k = k)[1].v)) END"
        ),
        "DuckDB has no such function",
    ),
    (
        "multimap_agg(K, V) -> map(K,array(V))",
        "list({'k': {0}, 'v': {1}})",
        (
            "CASE WHEN list_count(list_transform({}, lambda x: x.k)) > 0 THEN "
            "map(list_distinct(list_transform({}, lambda x: x.k)), "
            "list_transform(list_distinct(list_transform({}, lambda x: x.k)), "
            "lambda k: list_transform(list_filter({}, lambda x: x.k = k), lambda x: x.v))) END"
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
