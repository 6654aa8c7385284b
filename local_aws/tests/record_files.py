"""`PYTHONPATH=trino python -m tests.record_files [--marks]`: renew the answers of `files/`.

It starts a local_aws and a Trino over it; with `--marks` it starts no Trino, and only notes again
for which cells local_aws on DuckDB answers otherwise. Both print what differs.
"""

import argparse
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.athena_client import Athena
from tests.file_corpus import Answer, Case, answers_of, compare, read_cases, write_cases

from local_aws.athena.run.sql import SqlEngine
from local_aws.server import LocalAws
from local_aws.testing import Aws
from local_aws_on_trino import athena_beside
from trino_server import TrinoServer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--marks", action="store_true", help="ask no Trino")
    parser.add_argument("--themes", nargs="*", help="files of the corpus; all")
    parser.add_argument("--quiet", action="store_true", help="print the counts alone")
    options = parser.parse_args()
    every = list(read_cases())
    cases = [one for one in every if not options.themes or one.theme in options.themes]
    others = [one for one in every if one not in cases]
    with ExitStack() as stack:
        server = stack.enter_context(LocalAws())
        aws = Aws(endpoint=server.endpoint, server=server)
        if not options.marks:
            trino = stack.enter_context(TrinoServer(endpoint=server.endpoint))
            cases = ask_trino(aws, trino.url, cases)
            write_cases([*cases, *others])
        marked = ask_duckdb(aws, cases, quiet=options.quiet)
        write_cases([*marked, *others])
    return 0


def ask_trino(aws: Aws, url: str, cases: Sequence[Case]) -> list[Case]:
    """The cases with the answers of a Trino."""
    from local_aws.athena.trino import client, sql

    with athena(aws, sql.TrinoSql(client.TrinoServer(url))) as one:
        return answers_of(one, [replace(case, local={}) for case in cases])


def ask_duckdb(aws: Aws, cases: Sequence[Case], *, quiet: bool = False) -> list[Case]:
    """The cases with marks where DuckDB answers otherwise, which is printed."""
    with athena(aws, None) as one:
        found = answers_of(one, cases)
    counts: Counter[tuple[str, str]] = Counter()
    marks: dict[int, dict[str, str]] = {}
    for case, name, how, answer in compare(cases, found):
        counts[case.theme, how] += 1
        if how not in ("same", "same error"):
            marks.setdefault(id(case), {})[name] = how
            if not quiet:
                kind = case.table.columns.get(name, name)
                wanted = case.answers.get(name, "")
                print(f"{case.shown} as {kind}: {how}: Trino {_shown(wanted)} | {_shown(answer)}")
    for theme in sorted({theme for theme, _ in counts}):
        of_theme = {how: count for (one, how), count in counts.items() if one == theme}
        print(f"{theme}: {of_theme}")
    return [replace(case, local=marks.get(id(case), {})) for case in cases]


@contextmanager
def athena(aws: Aws, sql: SqlEngine | None) -> Iterator[Athena]:
    """An Athena on an engine, with a bucket and a database of its own."""
    name = uuid.uuid4().hex[:12]
    aws.client("s3").create_bucket(Bucket=f"files-{name}")
    aws.client("glue").create_database(DatabaseInput={"Name": f"files_{name}"})
    assert aws.server is not None
    with (
        tempfile.TemporaryDirectory() as folder,
        athena_beside(aws.server, Path(folder) / "scratch", sql=sql) as api,
    ):
        yield Athena(aws, f"files-{name}", f"files_{name}", api=api)


def _shown(answer: Answer) -> str:
    return answer if isinstance(answer, str) else repr(answer)[:200]


if __name__ == "__main__":
    sys.exit(main())
