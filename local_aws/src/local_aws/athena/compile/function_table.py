"""Trino's functions in DuckDB: the one table of what becomes what, and why where they differ.

A row is (Trino signature, DuckDB text, reason). In a signature the single letters are type
variables: E, K, T, V any type, N any number, D any decimal. In the text {0}, {1} ... are the
arguments, coerced to the signature's types. A reason is given wherever the text is more than
another name for the same thing. Timestamps with time zone are instants, kept in UTC; functions
whose answer depends on the zone are in `moments.py`, those with lambdas in `collections_sql.py`.
"""

from dataclasses import dataclass

from local_aws.athena.types.failing import fail
from local_aws.athena.types.sqltypes import Type, parse_type

_NAN = "CAST('nan' AS DOUBLE)"

SCALARS: list[tuple[str, str, str]] = [
    # --- numbers
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
    # --- text
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
    ("url_encode(varchar) -> varchar", "url_encode({0})", ""),
    ("url_decode(varchar) -> varchar", "url_decode({0})", ""),
    ("concat_ws(varchar, array(varchar)) -> varchar", "array_to_string({1}, {0})", ""),
    ("concat_ws(varchar, varchar...) -> varchar", "concat_ws({0}, {1...})", ""),
    ("uuid() -> uuid", "uuid()", ""),
    # --- regular expressions (RE2 in DuckDB: no look-around, no back-references)
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
    # --- JSON
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
    # --- arrays and maps
    ("cardinality(array(E)) -> bigint", "len({0})", ""),
    (
        "cardinality(map(K,V)) -> bigint",
        "CAST(cardinality({0}) AS BIGINT)",
        "DuckDB answers an unsigned number",
    ),
    ("element_at(array(E), bigint) -> E", "list_extract({0}, {1})", ""),
    ("element_at(map(K,V), K) -> V", "{0}[{1}]", ""),
    ("contains(array(E), E) -> boolean", "list_contains({0}, {1})", ""),
    (
        "array_distinct(array(E)) -> array(E)",
        (
            "list_filter({0}, lambda x, i: list_position({0}, x) = i "
            "OR x IS NULL AND i = list_position(list_transform({0}, lambda y: y IS NULL), true))"
        ),
        "keeps the order and one NULL; DuckDB's drops both",
    ),
    (
        "array_sort(array(E)) -> array(E)",
        "list_sort({0}, 'ASC', 'NULLS LAST')",
        "NULLs last; DuckDB's default is first",
    ),
    (
        "array_max(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_max({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_min(array(E)) -> E",
        "CASE WHEN len(list_filter({0}, lambda x: x IS NULL)) = 0 THEN list_min({0}) END",
        "NULL if an element is NULL",
    ),
    (
        "array_position(array(E), E) -> bigint",
        "coalesce(list_position({0}, {1}), 0)",
        "0 when absent, where DuckDB gives NULL",
    ),
    (
        "array_remove(array(E), E) -> array(E)",
        "list_filter({0}, lambda x: x <> {1})",
        "DuckDB has no such function",
    ),
    (
        "array_union(array(E), array(E)) -> array(E)",
        "list_distinct(list_concat({0}, {1}))",
        "order is not defined",
    ),
    ("array_intersect(array(E), array(E)) -> array(E)", "list_intersect({0}, {1})", ""),
    (
        "array_except(array(E), array(E)) -> array(E)",
        "list_distinct(list_filter({0}, lambda x: NOT list_contains({1}, x)))",
        "DuckDB has no such function",
    ),
    ("arrays_overlap(array(E), array(E)) -> boolean", "list_has_any({0}, {1})", ""),
    (
        "array_join(array(varchar), varchar) -> varchar",
        "array_to_string(list_filter({0}, lambda x: x IS NOT NULL), {1})",
        "NULLs are left out",
    ),
    (
        "array_join(array(varchar), varchar, varchar) -> varchar",
        "array_to_string(list_transform({0}, lambda x: coalesce(x, {2})), {1})",
        "NULLs are replaced",
    ),
    ("flatten(array(array(E))) -> array(E)", "flatten({0})", ""),
    ("reverse(array(E)) -> array(E)", "list_reverse({0})", ""),
    (
        "slice(array(E), bigint, bigint) -> array(E)",
        (
            "list_slice({0}, CASE WHEN {1} < 0 THEN len({0}) + 1 + {1} ELSE {1} END, "
            "CASE WHEN {1} < 0 THEN len({0}) + {1} + {2} ELSE {1} + {2} - 1 END)"
        ),
        "start and length, where DuckDB takes start and end",
    ),
    (
        "sequence(bigint, bigint) -> array(bigint)",
        "generate_series({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
        "counts down when the end is lower",
    ),
    ("sequence(bigint, bigint, bigint) -> array(bigint)", "generate_series({0}, {1}, {2})", ""),
    (
        "sequence(date, date) -> array(date)",
        "list_transform(generate_series({0}, {1}, INTERVAL 1 DAY), lambda x: CAST(x AS DATE))",
        "DuckDB answers timestamps",
    ),
    (
        "sequence(date, date, interval day to second) -> array(date)",
        "list_transform(generate_series({0}, {1}, {2}), lambda x: CAST(x AS DATE))",
        "DuckDB answers timestamps",
    ),
    (
        "sequence(timestamp, timestamp, interval day to second) -> array(timestamp)",
        "generate_series({0}, {1}, {2})",
        "",
    ),
    (
        "repeat(T, bigint) -> array(T)",
        "list_transform(range({1}), lambda x: {0})",
        "an array; DuckDB's repeats text",
    ),
    ("map() -> map(unknown, unknown)", "MAP {}", ""),
    ("map(array(K), array(V)) -> map(K,V)", "map({0}, {1})", ""),
    ("map_keys(map(K,V)) -> array(K)", "map_keys({0})", ""),
    ("map_values(map(K,V)) -> array(V)", "map_values({0})", ""),
    ("map_concat(map(K,V), map(K,V)) -> map(K,V)", "map_concat({0}, {1})", ""),
    (
        "map_entries(map(K,V)) -> array(row(K, V))",
        "list_transform(map_keys({0}), lambda k: {'f0': k, 'f1': {0}[k]})",
        "DuckDB names the fields otherwise",
    ),
    (
        "map_from_entries(array(row(K, V))) -> map(K,V)",
        "map(list_transform({0}, lambda x: x.f0), list_transform({0}, lambda x: x.f1))",
        "DuckDB names the fields otherwise",
    ),
    # --- binary
    ("to_hex(varbinary) -> varchar", "hex({0})", ""),
    ("from_hex(varchar) -> varbinary", "unhex({0})", ""),
    ("to_base64(varbinary) -> varchar", "to_base64({0})", ""),
    ("from_base64(varchar) -> varbinary", "from_base64({0})", ""),
    ("md5(varbinary) -> varbinary", "unhex(md5({0}))", "bytes, where DuckDB gives hex"),
    ("sha1(varbinary) -> varbinary", "unhex(sha1({0}))", "bytes, where DuckDB gives hex"),
    ("sha256(varbinary) -> varbinary", "unhex(sha256({0}))", "bytes, where DuckDB gives hex"),
]

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

WINDOWS: list[tuple[str, str]] = [
    ("row_number() -> bigint", "row_number()"),
    ("rank() -> bigint", "rank()"),
    ("dense_rank() -> bigint", "dense_rank()"),
    ("percent_rank() -> double", "percent_rank()"),
    ("cume_dist() -> double", "cume_dist()"),
    ("ntile(bigint) -> bigint", "ntile({0})"),
    ("lag(T) -> T", "lag({0})"),
    ("lag(T, bigint) -> T", "lag({0}, {1})"),
    ("lag(T, bigint, T) -> T", "lag({0}, {1}, {2})"),
    ("lead(T) -> T", "lead({0})"),
    ("lead(T, bigint) -> T", "lead({0}, {1})"),
    ("lead(T, bigint, T) -> T", "lead({0}, {1}, {2})"),
    ("first_value(T) -> T", "first_value({0})"),
    ("last_value(T) -> T", "last_value({0})"),
    ("nth_value(T, bigint) -> T", "nth_value({0}, {1})"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of the tables, read.

    Attributes:
        kind: "scalar", "aggregate" or "window".
        parameters: types, in which one-letter names are variables.
        is_variadic: may the last parameter repeat?
        wrap: what becomes of the text, as {}.
    """

    name: str
    kind: str
    parameters: tuple[Type, ...]
    is_variadic: bool
    result: Type
    text: str
    wrap: str = "{}"

    @property
    def signature(self) -> str:
        """The call as Trino's messages show it."""
        return f"{self.name}({', '.join(kind.text for kind in self.parameters)})"


def _read(signature: str, kind: str, text: str, wrap: str = "{}") -> Rule:
    call, result = signature.rsplit(" -> ", 1)
    name, inner = call[:-1].split("(", 1)
    parts = _split(inner)
    return Rule(
        name=name,
        kind=kind,
        parameters=tuple(parse_type(part.removesuffix("...")) for part in parts),
        is_variadic=inner.endswith("..."),
        result=_result(result),
        text=text,
        wrap=wrap,
    )


def _result(text: str) -> Type:
    # The scale of the argument's decimal is the one value a result type takes from a variable.
    return Type("decimal", (38,)) if text == "decimal(38,S)" else parse_type(text)


def _split(inner: str) -> list[str]:
    parts, depth = [""], 0
    for letter in inner:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _by_name(rules: list[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.name, []).append(rule)
    return found


RULES = _by_name(
    [_read(signature, "scalar", text) for signature, text, _ in SCALARS]
    + [_read(signature, "aggregate", text, wrap) for signature, text, wrap, _ in AGGREGATES]
    + [_read(signature, "window", text) for signature, text in WINDOWS]
)
ALIASES = {"ceiling": "ceil", "substring": "substr", "rand": "random", "approx_set": "approx_set"}
