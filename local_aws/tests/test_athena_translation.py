"""Trino's semantics on DuckDB: values and types as Trino's documentation gives them."""

import pytest
from tests.athena_sql import Trino

from local_aws.athena.compile.function_table import RULES, Rule
from local_aws.athena.errors import QueryError
from local_aws.athena.parse.grammar import check_names
from local_aws.athena.types.sqltypes import Type


@pytest.fixture(scope="module")
def trino() -> Trino:
    return Trino()


VALUES = [
    # --- numbers
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("7 % -3", "1"),
    ("-7 % 3", "-1"),
    ("7 / 2e0", "3.5"),
    ("1e0 / 0", "Infinity"),
    ("0e0 / 0", "NaN"),
    ("1.0 / 3", "0.3"),
    ("DECIMAL '10.00' / DECIMAL '3.00'", "3.33"),
    ("1.5 * 1.5", "2.25"),
    ("round(2.5)", "3"),
    ("round(-2.5e0)", "-3.0"),
    ("round(2.345e0, 2)", "2.35"),
    ("round(5)", "5"),
    ("ceil(1.2)", "2"),
    ("floor(-1.2e0)", "-2.0"),
    ("truncate(1.9e0)", "1.0"),
    ("mod(10, 4)", "2"),
    ("abs(-3)", "3"),
    ("sqrt(-1)", "NaN"),
    ("ln(0)", "-Infinity"),
    ("power(2, 10)", "1024.0"),
    ("greatest(1, 3, 2)", "3"),
    ("greatest(1, NULL, 2)", None),
    ("least(NULL, 1)", None),
    ("width_bucket(5, 0, 10, 5)", "3"),
    ("is_nan(nan())", "true"),
    ("infinity()", "Infinity"),
    ("bitwise_and(12, 10)", "8"),
    ("1_000 + 1", "1001"),
    ("0xff", "255"),
    # --- casts
    ("CAST(2.5e0 AS integer)", "3"),
    ("CAST(-2.5e0 AS bigint)", "-3"),
    ("CAST(1.5 AS integer)", "2"),
    ("CAST('12' AS integer)", "12"),
    ("CAST('03' AS bigint)", "3"),
    ("TRY_CAST('12.5' AS integer)", None),
    ("TRY_CAST(' 12' AS bigint)", "12"),
    ("TRY_CAST('1e3' AS bigint)", None),
    ("TRY_CAST('1_0' AS integer)", None),
    ("TRY_CAST('99999999999' AS integer)", None),
    ("TRY_CAST('x' AS double)", None),
    ("TRY_CAST('x' AS date)", None),
    ("TRY_CAST(300 AS tinyint)", None),
    ("CAST('1.50' AS decimal(5,1))", "1.5"),
    ("CAST('12.5' AS double)", "12.5"),
    ("CAST('true' AS boolean)", "true"),
    ("CAST(1 AS boolean)", "true"),
    ("CAST(true AS varchar)", "true"),
    ("CAST(1e7 AS varchar)", "1.0E7"),
    ("CAST(1e0 AS varchar)", "1.0E0"),
    ("CAST(DECIMAL '1.50' AS varchar)", "1.50"),
    ("CAST('abcd' AS varchar(2))", "ab"),
    ("CAST(DATE '2024-02-29' AS varchar)", "2024-02-29"),
    ("CAST(TIMESTAMP '2024-02-29 01:02:03' AS date)", "2024-02-29"),
    ("CAST('2024-02-29 01:02:03.5' AS timestamp)", "2024-02-29 01:02:03.500"),
    ("CAST(ROW(1, 'a') AS ROW(x bigint, y varchar)).y", "a"),
    ("CAST(ARRAY['1', '2'] AS array(integer))", "[1, 2]"),
    # --- conditions
    ("IF(1 > 2, 'a')", None),
    ("IF(true, 1, 2.5)", "1.0"),
    ("COALESCE(NULL, 2, 3)", "2"),
    ("NULLIF(1, 1)", None),
    ("TRY(1 / 0)", None),
    ("TRY(CAST('x' AS integer))", None),
    ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
    ("1 IN (2, NULL)", None),
    ("NULL IS DISTINCT FROM 1", "true"),
    ("1 BETWEEN 1 AND 2", "true"),
    ("'a%b' LIKE 'a!%b' ESCAPE '!'", "true"),
    ("typeof(1.50)", "decimal(3,2)"),
    ("typeof('abc')", "varchar(3)"),
    # --- texts
    ("'a' || 'b'", "ab"),
    ("'a' || NULL", None),
    ("concat('a', NULL, 'b')", None),
    ("concat_ws(',', 'a', NULL, 'b')", "a,b"),
    ("substr('hello', 2, 3)", "ell"),
    ("substr('hello', -3)", "llo"),
    ("substr('hello', 0)", ""),
    ("substring('hello' FROM 2 FOR 2)", "el"),
    ("strpos('hello', 'l')", "3"),
    ("position('z' IN 'hello')", "0"),
    ("split('a,b,c', ',')", "[a, b, c]"),
    ("split('a,b,c', ',', 2)", "[a, b,c]"),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("lpad('7', 3, '0')", "007"),
    ("rpad('abcdef', 3, 'x')", "abc"),
    ("trim(BOTH 'x' FROM 'xxaxx')", "a"),
    ("trim('  a ')", "a"),
    ("replace('aXbX', 'X')", "ab"),
    ("reverse('abc')", "cba"),
    ("length('héllo')", "5"),
    ("upper('aé')", "AÉ"),
    ("chr(65)", "A"),
    ("format('%s-%d', 'a', 3)", "a-3"),
    ("format('%05.1f', 2.25e0)", "002.3"),
    ("levenshtein_distance('abc', 'abd')", "1"),
    ("regexp_like('1a 2b', '\\d+b')", "true"),
    ("regexp_extract('1a 2b', '\\d+')", "1"),
    ("regexp_extract('1a 2b', '(\\d+)([a-z]+)', 2)", "a"),
    ("regexp_extract('abc', '\\d')", None),
    ("regexp_extract_all('1a 2b', '\\d+')", "[1, 2]"),
    ("regexp_replace('1a 2b', '\\d')", "a b"),
    ("regexp_replace('1a 2b', '(\\d)([ab])', '$2$1')", "a1 b2"),
    ("regexp_split('1a2', '[a-z]')", "[1, 2]"),
    ("U&'\\0041'", "A"),
    # --- dates and times
    ("DATE '2024-01-31' + INTERVAL '1' MONTH", "2024-02-29"),
    ("TIMESTAMP '2024-03-29 00:00:00' + INTERVAL '90' MINUTE", "2024-03-29 01:30:00"),
    ("date_add('day', 1, DATE '2024-02-28')", "2024-02-29"),
    ("date_add('hour', -1, TIMESTAMP '2024-01-01 00:00:00.000')", "2023-12-31 23:00:00.000"),
    ("date_diff('hour', TIMESTAMP '2024-01-01 00:59:00', TIMESTAMP '2024-01-01 01:01:00')", "0"),
    ("date_diff('day', DATE '2024-01-01', DATE '2024-03-01')", "60"),
    ("date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", "1"),
    ("date_trunc('week', DATE '2024-03-31')", "2024-03-25"),
    ("date_trunc('hour', TIMESTAMP '2024-03-29 10:20:30')", "2024-03-29 10:00:00"),
    ("year(DATE '2024-03-29')", "2024"),
    ("day_of_week(DATE '2024-03-31')", "7"),
    ("week(DATE '2021-01-03')", "53"),
    ("year_of_week(DATE '2021-01-03')", "2020"),
    ("EXTRACT(doy FROM DATE '2024-03-01')", "61"),
    ("millisecond(TIMESTAMP '2024-03-29 00:00:01.234')", "234"),
    ("last_day_of_month(DATE '2024-02-03')", "2024-02-29"),
    ("from_unixtime(1711670400)", "2024-03-29 00:00:00.000 UTC"),
    ("from_unixtime(1711670400.5)", "2024-03-29 00:00:00.500 UTC"),
    ("from_unixtime(1711670400, 'Europe/Brussels')", "2024-03-29 01:00:00.000 Europe/Brussels"),
    ("to_unixtime(TIMESTAMP '2024-03-29 00:00:00')", "1.7116704E9"),
    ("hour(from_unixtime(1711843200) AT TIME ZONE 'Europe/Brussels')", "1"),
    ("hour(from_unixtime(1711846800) AT TIME ZONE 'Europe/Brussels')", "3"),
    ("day(from_unixtime(1711753200) AT TIME ZONE 'Europe/Brussels')", "30"),
    (
        "CAST(from_unixtime(1711670400) AT TIME ZONE 'Asia/Kolkata' AS timestamp)",
        "2024-03-29 05:30:00.000",
    ),
    (
        "date_trunc('day', from_unixtime(1711756800) AT TIME ZONE 'America/New_York')",
        "2024-03-29 00:00:00.000 America/New_York",
    ),
    (
        "to_unixtime(date_trunc('hour', from_unixtime(1729992600) AT TIME ZONE 'Europe/Brussels'))",
        "1.7299908E9",
    ),
    (
        "to_unixtime(with_timezone(TIMESTAMP '2024-07-01 00:00:00', 'Europe/Brussels'))",
        "1.7197848E9",
    ),
    ("to_unixtime(from_iso8601_timestamp('2024-03-29T01:00:00+01:00'))", "1.7116704E9"),
    ("from_iso8601_timestamp('2024-03-29T01:00:00Z')", "2024-03-29 01:00:00.000 UTC"),
    (
        (
            "from_iso8601_timestamp('2024-03-29T01:00:00+01:00') < "
            "from_iso8601_timestamp('2024-03-29T01:00:00Z')"
        ),
        "true",
    ),
    ("TRY(from_iso8601_timestamp('nonsense'))", None),
    (
        "TIMESTAMP '2024-03-29 01:00:00 Europe/Brussels' = TIMESTAMP '2024-03-29 00:00:00 UTC'",
        "true",
    ),
    ("date_format(TIMESTAMP '2024-03-09 04:05:06', '%Y-%m-%d %H:%i:%s')", "2024-03-09 04:05:06"),
    ("date_parse('09/03/2024', '%d/%m/%Y')", "2024-03-09 00:00:00.000"),
    (
        "format_datetime(TIMESTAMP '2024-03-09 04:05:06', 'yyyy-MM-dd''T''HH:mm')",
        "2024-03-09T04:05",
    ),
    ("parse_datetime('2024-03-09 04', 'yyyy-MM-dd HH')", "2024-03-09 04:00:00.000 UTC"),
    ("to_iso8601(from_unixtime(0) AT TIME ZONE 'Asia/Kolkata')", "1970-01-01T05:30:00.000+05:30"),
    ("from_iso8601_date('2024-03-29')", "2024-03-29"),
    ("current_date", "2024-03-29"),
    ("now()", "2024-03-29 00:00:00.000 UTC"),
    ("localtimestamp", "2024-03-29 00:00:00.000"),
    ("TIMESTAMP '2024-03-29 10:00:00' - TIMESTAMP '2024-03-28 09:59:59'", "1 00:00:01.000"),
    ("INTERVAL '1' DAY + INTERVAL '3' HOUR", "1 03:00:00.000"),
    ("INTERVAL '14' MONTH", "1-2"),
    ("INTERVAL '1 02:03' DAY TO MINUTE", "1 02:03:00.000"),
    # --- arrays, maps, rows, JSON
    ("cardinality(ARRAY[1, 2, NULL])", "3"),
    ("ARRAY[1, 2][2]", "2"),
    ("element_at(ARRAY[1, 2], 3)", None),
    ("element_at(ARRAY[1, 2], -1)", "2"),
    ("contains(ARRAY[1, 2], 2)", "true"),
    ("array_join(ARRAY[1, NULL, 3], ',')", "1,3"),
    ("array_join(ARRAY['a', NULL], '-', '?')", "a-?"),
    ("array_distinct(ARRAY[2, 1, 2])", "[2, 1]"),
    ("array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"),
    ("array_max(ARRAY[1, 3])", "3"),
    ("array_max(ARRAY[1, NULL])", None),
    ("array_position(ARRAY['a'], 'b')", "0"),
    ("array_remove(ARRAY[1, 2, 1], 1)", "[2]"),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[2])", "true"),
    ("ARRAY[1] || ARRAY[2]", "[1, 2]"),
    ("ARRAY[1] || 2", "[1, 2]"),
    ("flatten(ARRAY[ARRAY[1], ARRAY[2]])", "[1, 2]"),
    ("slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"),
    ("slice(ARRAY[1, 2, 3, 4], -2, 2)", "[3, 4]"),
    ("sequence(1, 3)", "[1, 2, 3]"),
    ("sequence(3, 1)", "[3, 2, 1]"),
    ("cardinality(sequence(DATE '2024-02-28', DATE '2024-03-01', INTERVAL '1' DAY))", "3"),
    ("repeat('x', 2)", "[x, x]"),
    ("transform(ARRAY[1, 2], x -> x * 10)", "[10, 20]"),
    ("filter(ARRAY[1, 2, 3], x -> x % 2 = 1)", "[1, 3]"),
    ("reduce(ARRAY[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60"),
    ("reduce(ARRAY['a', 'bb'], 0, (s, x) -> s + length(x), s -> s)", "3"),
    ("zip_with(ARRAY[1, 2], ARRAY[10, 20], (x, y) -> x + y)", "[11, 22]"),
    ("any_match(ARRAY[1, 2], x -> x > 1)", "true"),
    ("none_match(ARRAY[1, 2], x -> x > 1)", "false"),
    ("all_match(ARRAY[1, 2], x -> x > 0)", "true"),
    ("map(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"),
    ("map(ARRAY['a'], ARRAY[1])['a']", "1"),
    ("element_at(map(ARRAY['a'], ARRAY[1]), 'z')", None),
    ("map_keys(map(ARRAY['a'], ARRAY[1]))", "[a]"),
    ("map_filter(map(ARRAY['a', 'b'], ARRAY[1, 2]), (k, v) -> v > 1)", "{b=2}"),
    ("transform_values(map(ARRAY['a'], ARRAY[1]), (k, v) -> v + 1)", "{a=2}"),
    ("map_entries(map(ARRAY['a'], ARRAY[1]))", "[{field0=a, field1=1}]"),
    ("ROW(1, 'x')", "{field0=1, field1=x}"),
    ("CAST(ROW(1, 'x') AS ROW(a integer, b varchar))", "{a=1, b=x}"),
    ('json_extract_scalar(\'{"a": {"b": "c"}}\', \'$.a.b\')', "c"),
    ("json_extract_scalar('{\"a\": [1]}', '$.a')", None),
    ("json_extract_scalar('not json', '$.a')", None),
    ("json_format(json_extract('{\"a\": [1, 2]}', '$.a'))", "[1,2]"),
    ("json_array_length('[1, 2, 3]')", "3"),
    ("json_format(CAST(map(ARRAY['b', 'a'], ARRAY[1, 2]) AS JSON))", '{"a":2,"b":1}'),
    (
        "json_format(CAST(CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS JSON))",
        '{"a":1,"b":"x"}',
    ),
    ("json_format(CAST(ARRAY[1, NULL] AS JSON))", "[1,null]"),
    ("CAST(json_parse('{\"a\": 1}') AS map(varchar, integer))", "{a=1}"),
    ("CAST(json_parse('[1, 2]') AS array(bigint))", "[1, 2]"),
    ('CAST(json_parse(\'{"a": 1, "b": "x"}\') AS ROW(a integer, b varchar)).b', "x"),
    ("json_size(json_parse('{\"a\": [1, 2]}'), '$.a')", "2"),
    # --- binary
    ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"),
    ("to_base64(to_utf8('abc'))", "YWJj"),
    ("from_utf8(from_hex('4142'))", "AB"),
    ("to_utf8('ab')", "61 62"),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_an_expression_has_the_value_that_trino_gives_it(
    trino: Trino, expression: str, expected: str | None
) -> None:
    assert trino.value(expression) == expected


TYPES = [
    ("1", "integer"),
    ("3000000000", "bigint"),
    ("1.50", "decimal(3,2)"),
    ("1e0", "double"),
    ("'abc'", "varchar(3)"),
    ("7 / 2", "integer"),
    ("CAST(1 AS bigint) + 1", "bigint"),
    ("1.5 + 1", "decimal(12,1)"),
    ("1.5 * 1.25", "decimal(5,3)"),
    ("from_unixtime(0)", "timestamp(3) with time zone"),
    ("date_trunc('day', TIMESTAMP '2024-01-01 00:00:00.000')", "timestamp(3)"),
    ("DATE '2024-01-01' + INTERVAL '1' DAY", "date"),
    ("hour(now())", "bigint"),
    ("map(ARRAY['a'], ARRAY[1])", "map(varchar(1), integer)"),
    ("ARRAY[1, 2.5]", "array(decimal(11,1))"),
    ("json_parse('1')", "json"),
    ("to_utf8('a')", "varbinary"),
    ("1 = 1", "boolean"),
    ("count(*)", "bigint"),
    ("sum(1)", "bigint"),
    ("sum(1.5)", "decimal(38,1)"),
    ("avg(1)", "double"),
    ("avg(1.50)", "decimal(3,2)"),
    ("INTERVAL '1' DAY", "interval day to second"),
]


@pytest.mark.parametrize(("expression", "expected"), TYPES)
def test_an_expression_has_the_type_that_trino_gives_it(
    trino: Trino, expression: str, expected: str
) -> None:
    assert trino.kind(expression) == expected


ERRORS = [
    ("1 / 0", "DIVISION_BY_ZERO: Division by zero"),
    ("(SELECT sum(1 / x) FROM (VALUES 1, 0) AS t(x))", "DIVISION_BY_ZERO: Division by zero"),
    ("5 % 0", "DIVISION_BY_ZERO: Division by zero"),
    ("1.5 / 0", "DIVISION_BY_ZERO: Division by zero"),
    ("CAST('12.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '12.5' to INT"),
    ("CAST('x' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BIGINT"),
    ("CAST('x' AS date)", "INVALID_CAST_ARGUMENT: Value cannot be cast to date: x"),
    ("CAST('2024-02-31' AS date)", "INVALID_CAST_ARGUMENT: Value cannot be cast to date"),
    ("json_parse('{')", "INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{'"),
    ("1 = 'a'", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer = varchar(1)"),
    ("1 + 'a'", "TYPE_MISMATCH: line 1:8: Cannot apply operator: integer + varchar(1)"),
    ("'a' || 1", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (varchar(1), integer)"),
    ("concat('a', 1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters"),
    ("length(5)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters (integer) for function"),
    ("nosuch", "COLUMN_NOT_FOUND: line 1:8: Column 'nosuch' cannot be resolved"),
    ("IF(1, 2)", "TYPE_MISMATCH: line 1:11: IF condition must evaluate to a boolean"),
    ("CASE WHEN true THEN 1 ELSE 'a' END", "TYPE_MISMATCH"),
    ("ARRAY[1, 2][3]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal"),
    ("ARRAY[1, 2][0]", "INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1"),
    ("map(ARRAY['a'], ARRAY[1])['b']", "INVALID_FUNCTION_ARGUMENT: Key not present in map: b"),
    ("CAST(2147483647 AS integer) + 1", "NUMERIC_VALUE_OUT_OF_RANGE: integer addition overflow"),
    ("CAST(DATE '2024-01-01' AS integer)", "TYPE_MISMATCH: line 1:8: Cannot cast date to integer"),
    ("date_trunc('eon', now())", "INVALID_FUNCTION_ARGUMENT: line 1:19: 'eon' is not a valid"),
    ("(SELECT 1 UNION ALL SELECT 2)", "SUBQUERY_MULTIPLE_ROWS"),
    ("NOT 1", "TYPE_MISMATCH"),
    ("sum(1) OVER (ORDER BY 1 RANGE 'a' PRECEDING)", "TYPE_MISMATCH"),
]


@pytest.mark.parametrize(("expression", "expected"), ERRORS)
def test_a_wrong_expression_fails_as_trino_does(
    trino: Trino, expression: str, expected: str
) -> None:
    with pytest.raises(QueryError) as caught:
        trino.value(expression)
    assert caught.value.reason.startswith(expected)


T = "(VALUES (1, 'a', 10), (2, 'a', NULL), (3, 'b', 30)) AS t(x, k, y)"
QUERIES = [
    ("SELECT x FROM {t} ORDER BY y", [("1",), ("3",), ("2",)]),
    ("SELECT x FROM {t} ORDER BY y DESC", [("3",), ("1",), ("2",)]),
    ("SELECT x FROM {t} ORDER BY y NULLS FIRST", [("2",), ("1",), ("3",)]),
    (
        "SELECT k, count(*), sum(y), avg(y) FROM {t} GROUP BY 1 ORDER BY 1",
        [("a", "2", "10", "10.0"), ("b", "1", "30", "30.0")],
    ),
    (
        "SELECT k, count(y) FILTER (WHERE x > 1) FROM {t} GROUP BY k ORDER BY k",
        [("a", "0"), ("b", "1")],
    ),
    (
        "SELECT array_agg(x ORDER BY x DESC), array_agg(y ORDER BY x) FROM {t}",
        [("[3, 2, 1]", "[10, null, 30]")],
    ),
    ("SELECT max_by(k, x), min_by(y, x), max_by(x, y, 2) FROM {t}", [("b", "10", "[3, 1]")]),
    ("SELECT arbitrary(k) FROM {t} WHERE k = 'b'", [("b",)]),
    ("SELECT count_if(x > 1), approx_distinct(k), bool_or(x = 3) FROM {t}", [("2", "2", "true")]),
    ("SELECT histogram(k) FROM {t}", [("{a=2, b=1}",)]),
    ("SELECT map_agg(x, k)[2] FROM {t}", [("a",)]),
    ("SELECT multimap_agg(k, x)['b'] FROM {t}", [("[3]",)]),
    ("SELECT approx_percentile(x, 0.5) FROM {t}", [("2",)]),
    ("SELECT listagg(k, '-') WITHIN GROUP (ORDER BY x DESC) FROM {t}", [("b-a-a",)]),
    ("SELECT sum(x) FROM {t} WHERE false", [(None,)]),
    # What would fail on another row must not fail.
    ("SELECT sum(10 / x), count(CAST(CAST(x AS varchar) AS integer)) FROM {t}", [("18", "3")]),
    (
        "SELECT k, grouping(k), count(*) FROM {t} GROUP BY ROLLUP (k) ORDER BY 2, 1",
        [("a", "0", "2"), ("b", "0", "1"), (None, "1", "3")],
    ),
    (
        "SELECT k, x, count(*) FROM {t} GROUP BY GROUPING SETS ((k), (x)) ORDER BY 1, 2",
        [("a", None, "2"), ("b", None, "1"), (None, "1", "1"), (None, "2", "1"), (None, "3", "1")],
    ),
    ("SELECT count(*) FROM (SELECT 1 FROM {t} GROUP BY CUBE (k, x))", [("9",)]),
    ("SELECT k FROM {t} GROUP BY k HAVING count(*) > 1", [("a",)]),
    (
        (
            "SELECT x, lag(x) OVER (ORDER BY x), sum(x) OVER (ORDER BY x RANGE BETWEEN 1 PRECEDING "
            "AND "
            "CURRENT ROW) FROM {t} ORDER BY x"
        ),
        [("1", None, "1"), ("2", "1", "3"), ("3", "2", "5")],
    ),
    (
        "SELECT x, last_value(y) IGNORE NULLS OVER (ORDER BY x) FROM {t} ORDER BY x",
        [("1", "10"), ("2", "10"), ("3", "30")],
    ),
    (
        "SELECT x, avg(x) OVER w FROM {t} WINDOW w AS (PARTITION BY k ORDER BY x) ORDER BY x",
        [("1", "1.0"), ("2", "1.5"), ("3", "3.0")],
    ),
    (
        (
            "SELECT count(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '2' MINUTE PRECEDING AND "
            "CURRENT "
            "ROW) FROM (SELECT from_unixtime(x * 60) AS ts FROM {t}) ORDER BY 1"
        ),
        [("1",), ("2",), ("3",)],
    ),
    ("SELECT x FROM {t} ORDER BY x OFFSET 1 LIMIT 1", [("2",)]),
    ("SELECT x FROM {t} ORDER BY x FETCH FIRST 2 ROWS ONLY", [("1",), ("2",)]),
    (
        "SELECT a, b FROM UNNEST(ARRAY[1, 2], ARRAY['p']) AS u(a, b) ORDER BY a",
        [("1", "p"), ("2", None)],
    ),
    (
        (
            "SELECT x, v, n FROM {t} CROSS JOIN UNNEST(ARRAY[x, x * 10]) WITH ORDINALITY AS u(v, n)"
            " WHERE x < 3 ORDER BY x, n"
        ),
        [("1", "1", "1"), ("1", "10", "2"), ("2", "2", "1"), ("2", "20", "2")],
    ),
    ("SELECT a, b FROM UNNEST(map(ARRAY['k'], ARRAY[1])) AS u(a, b)", [("k", "1")]),
    (
        (
            "SELECT x, v FROM {t} LEFT JOIN UNNEST(filter(ARRAY[x], e -> e > 2)) AS u(v) ON true "
            "ORDER BY x"
        ),
        [("1", None), ("2", None), ("3", "3")],
    ),
    ("SELECT x, z FROM {t} JOIN (VALUES (1, 'p')) AS b(x, z) USING (x)", [("1", "p")]),
    ("SELECT * FROM {t} JOIN (VALUES (1, 'p')) AS b(x, z) USING (x)", [("1", "a", "10", "p")]),
    (
        "SELECT coalesce(x, z) FROM {t} FULL JOIN (VALUES 3, 4) AS b(z) ON t.x = b.z ORDER BY 1",
        [("1",), ("2",), ("3",), ("4",)],
    ),
    (
        "SELECT x, l.d FROM {t} CROSS JOIN LATERAL (SELECT t.x * 2 AS d) AS l ORDER BY x",
        [("1", "2"), ("2", "4"), ("3", "6")],
    ),
    ("SELECT x FROM {t} WHERE x IN (SELECT 2 UNION ALL SELECT 3) ORDER BY x", [("2",), ("3",)]),
    ("SELECT x FROM {t} WHERE EXISTS (SELECT 1 FROM (VALUES 1) AS u(z) WHERE u.z = t.x)", [("1",)]),
    ("SELECT (SELECT max(x) FROM {t})", [("3",)]),
    ("SELECT 1 UNION SELECT 1", [("1",)]),
    ("SELECT 1 AS a UNION ALL SELECT 2.5 ORDER BY a", [("1.0",), ("2.5",)]),
    ("SELECT x FROM {t} EXCEPT SELECT 1 INTERSECT SELECT 1 ORDER BY 1", [("2",), ("3",)]),
    (
        "WITH a AS (SELECT 1 AS n), b(m) AS (SELECT n + 1 FROM a) SELECT m, n FROM a, b",
        [("2", "1")],
    ),
    ("SELECT DISTINCT k FROM {t} ORDER BY k", [("a",), ("b",)]),
    ("VALUES (1, 'a'), (2, 'b')", [("1", "a"), ("2", "b")]),
    (
        (
            "SELECT r.a, r.b.c FROM (SELECT CAST(ROW(1, ROW(2)) AS "
            "ROW(a integer, b ROW(c integer))) AS r)"
        ),
        [("1", "2")],
    ),
    ('SELECT "X", t."x" FROM {t} WHERE x = 1', [("1", "1")]),
    (
        "SELECT k, sum(x) AS total FROM {t} GROUP BY k ORDER BY total DESC, k",
        [("a", "3"), ("b", "3")],
    ),
    ("SELECT x + 1 AS y2 FROM {t} ORDER BY y2 * -1", [("4",), ("3",), ("2",)]),
    ("SELECT avg(CAST(y AS decimal(10,2))) FROM {t}", [("20.00",)]),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_query_has_the_rows_that_trino_gives_it(
    trino: Trino, query: str, expected: list[tuple[str | None, ...]]
) -> None:
    assert trino.rows(query.replace("{t}", T)) == expected


def test_unnamed_columns_are_named_by_their_place(trino: Trino) -> None:
    trino.rows("SELECT 1, 2 AS two, upper('x'), t.x FROM (VALUES 1) AS t(x)")
    assert [name for name, _ in trino.columns] == ["_col0", "two", "_col2", "x"]


def test_question_marks_take_the_execution_parameters_in_order(trino: Trino) -> None:
    assert trino.rows("SELECT ?, ? + 1", "'a'", "41") == [("a", "42")]


def test_a_missing_execution_parameter_is_told(trino: Trino) -> None:
    with pytest.raises(QueryError, match="expected 2 but found 1"):
        trino.rows("SELECT ?, ?", "1")


def test_an_ambiguous_column_is_refused(trino: Trino) -> None:
    with pytest.raises(QueryError, match="Column 'x' is ambiguous"):
        trino.rows("SELECT x FROM (VALUES 1) AS a(x), (VALUES 1) AS b(x)")


def test_a_column_outside_group_by_is_refused(trino: Trino) -> None:
    with pytest.raises(QueryError) as caught:
        trino.rows("SELECT x, count(*) FROM (VALUES (1, 2)) AS t(x, y) GROUP BY y")
    assert caught.value.name == "EXPRESSION_NOT_AGGREGATE"


SAMPLES = {
    "tinyint": "TINYINT '2'",
    "smallint": "SMALLINT '2'",
    "bigint": "CAST(2 AS bigint)",
    "integer": "2",
    "double": "5e-1",
    "real": "CAST(1.5 AS real)",
    "varchar": "'{}'",
    "char": "CHAR 'ab'",
    "boolean": "true",
    "date": "DATE '2024-01-02'",
    "timestamp": "TIMESTAMP '2024-01-02 00:00:00'",
    "interval day to second": "INTERVAL '1' DAY",
    "varbinary": "to_utf8('ab')",
    "json": "JSON '[1]'",
    "d": "1.5",
    "n": "3",
    "e": "1",
    "k": "'k'",
    "t": "7",
    "v": "1",
}
LITERALS = {  # texts that have a meaning to the function
    "from_base": ["'ff'", "16"],
    "from_hex": ["'6162'"],
    "from_base64": ["'YWI='"],
    "from_base64url": ["'YWI='"],
    "from_base32": ["'ME'"],
    "from_big_endian_32": ["X'00000001'"],
    "from_big_endian_64": ["X'0000000000000001'"],
    "from_ieee754_32": ["X'3fc00000'"],
    "from_ieee754_64": ["X'3ff8000000000000'"],
    "from_utf8": [None, "'?'"],
    "bit_count": [None, "8"],
    "split_to_map": ["'a=1'", "','", "'='"],
    "split_to_multimap": ["'a=1'", "','", "'='"],
    "codepoint": ["'a'"],
    "luhn_check": ["'42'"],
    "hamming_distance": ["'ab'", "'cd'"],
    "json_extract_scalar": [None, "'$.a'"],
    "json_extract": [None, "'$.a'"],
    "json_size": [None, "'$.a'"],
    "regexp_extract": [None, "'(a)(b)'", "1"],
    "regexp_extract_all": [None, "'(a)(b)'", "1"],
}


def sample(kind: Type) -> str:
    if kind.name == "array":
        return f"ARRAY[{sample(kind.items[0])}]"
    if kind.name == "map":
        return f"map(ARRAY[{sample(kind.items[0])}], ARRAY[{sample(kind.items[1])}])"
    if kind.name == "row":
        return f"ROW({', '.join(map(sample, kind.items))})"
    return SAMPLES[kind.name]


@pytest.mark.parametrize(
    "rule", [rule for rules in RULES.values() for rule in rules], ids=lambda rule: rule.signature
)
def test_every_function_of_the_table_runs_and_has_its_type(trino: Trino, rule: Rule) -> None:
    given = LITERALS.get(rule.name, [])
    arguments = [
        (given[number] if number < len(given) else None) or sample(kind)
        for number, kind in enumerate(rule.parameters)
    ]
    over = " OVER (ORDER BY x)" if rule.kind == "window" else ""
    call = f"{rule.name}({', '.join(arguments)})"
    trino.rows(f"SELECT {call}{over} FROM (VALUES 1) AS one(x)")
    is_variable = len(rule.result.name) == 1
    assert is_variable or trino.columns[0][1].split("(")[0] == rule.result.name.split(" ")[0]
    check_names(f"SELECT {call}{over} FROM (VALUES 1) AS one(x)")
