"""What a literal says reaches nothing but the rows: names of the compiled text in literals."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws

# Names that the compiled text uses, in every position that a statement can have them.
NAMES = [
    f"{letter}{number}{rest}"
    for number in range(1, 6)
    for letter, rest in (("r", ".c0"), ("r", ".c1"), ("q", ".c1"), ("p", ""), ("s", ""), ("w", ""))
] + ["<scan 2>", "{0}", "{}", "{type}", "a.s", "b.e", "e.key", "z[1]", "f0"]

STATEMENTS = {
    "selected": "SELECT '{literal}' FROM t WHERE k = 'left'",
    "filtered": "SELECT v FROM (SELECT v, k AS x, '{literal}' AS c FROM t) "
    "WHERE c = '{literal}' AND x = 'left' AND v = '{literal}'",
    "pruned": "SELECT v FROM (SELECT v, k AS x FROM t) WHERE x || '{literal}' = 'left{literal}'",
    "in a with query": "WITH w AS (SELECT v, k FROM t) SELECT v FROM w "
    "WHERE k IN ('left', '{literal}')",
    "in a join": "SELECT a.v FROM t a JOIN (SELECT k AS y FROM t) b ON a.k = b.y "
    "AND b.y || '{literal}' = 'left{literal}'",
    "in a lambda": "SELECT any_match(zip_with(ARRAY['{literal}'], ARRAY['{literal}'], "
    "(x, y) -> x || y || '{literal}'), e -> e = '{literal}{literal}{literal}') FROM t "
    "WHERE k = 'left'",
    "in a reduction": "SELECT reduce(ARRAY['x'], '{literal}', (s, x) -> s || x || '{literal}', "
    "s -> s || '{literal}') FROM t WHERE k = 'left'",
    "in a map": "SELECT transform_values(map_filter(map(ARRAY['a'], ARRAY['b']), "
    "(k, v) -> k <> '{literal}'), (k, v) -> v || '{literal}') FROM t WHERE k = 'left'",
    "in an aggregate": "SELECT array_agg(v || '{literal}' ORDER BY v || '{literal}') "
    "FILTER (WHERE v <> ')') FROM t WHERE k = 'left'",
}
EXPECTED = {
    "selected": '"{literal}"',
    "filtered": None,
    "in a lambda": "true",
    "in a reduction": '"{literal}x{literal}{literal}"',
    "in a map": '{"a":"b{literal}"}',
    "in an aggregate": '["one{literal}"]',
}


@pytest.fixture(scope="module")
def athena(aws: Aws) -> Athena:
    aws.client("s3").create_bucket(Bucket="literals")
    aws.client("glue").create_database(DatabaseInput={"Name": "literals"})
    athena = Athena(aws, "literals", "literals")
    athena.rows(
        "CREATE EXTERNAL TABLE t (v string) PARTITIONED BY (k string) STORED AS PARQUET "
        f"LOCATION '{athena.location('t')}'"
    )
    for key, value in (("left", "one"), ("right", "two")):
        out = io.BytesIO()
        pq.write_table(pa.table({"v": [value]}), out)
        athena.put(f"t/k={key}/one", out.getvalue())
    athena.rows("MSCK REPAIR TABLE t")
    return athena


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_literal_is_never_taken_for_a_name(athena, case):
    expected = EXPECTED.get(case, '"one"')
    for start in range(0, len(NAMES), 9):
        some = NAMES[start : start + 9]
        one = STATEMENTS[case]
        statement = " UNION ALL ".join(
            f"SELECT '{name}' AS n, json_format(CAST(a AS JSON)) AS a "
            f"FROM ({one.replace('{literal}', name)}) AS x(a)"
            for name in some
        )
        wanted = [] if expected is None else [(n, expected.replace("{literal}", n)) for n in some]
        assert sorted(athena.rows(statement)) == sorted(wanted)
