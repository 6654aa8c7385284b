"""`python -m tests.record --trino-url URL [theme...]`: renew the answers of the corpus.

With themes, of those alone. With `--marks`, note which statements local_aws refuses;
approximations stay. With `--functions`, renew the list of Trino's functions instead. Without a
URL, compare only.
"""

import argparse
import sys
from collections import Counter
from dataclasses import replace

from tests.answers import Answer, Case, answer_of, read_corpus, write_corpus
from tests.athena_sql import Trino

from local_aws.athena.compile.known_functions import TABLE
from local_aws.athena.trino.client import TrinoServer
from local_aws.athena.types.sqltypes import parse_type
from local_aws.athena.types.texts import text_of


def ask_trino(server: TrinoServer, sql: str) -> tuple[list[str], list[tuple[str | None, ...]]]:
    """Types and rows of a statement, as Athena prints them."""
    run = server.run(sql, "default", {})
    rows = run.all_rows()
    kinds = [parse_type(text) for _, text in run.columns]
    texts = [
        tuple(text_of(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in rows
    ]
    return [kind.text for kind in kinds], texts


def ask_local(trino: Trino, sql: str) -> tuple[list[str], list[tuple[str | None, ...]]]:
    """Types and rows of a statement on local_aws."""
    rows = trino.rows(sql)
    return [kind for _, kind in trino.columns], rows


def record_functions(server: TrinoServer) -> None:
    """Write the list of Trino's functions."""
    listed = server.run("SHOW FUNCTIONS", "default", {}).all_rows()
    lines = {"\t".join((row[0], row[2], row[1], row[3])) for row in listed}
    TABLE.write_text("name\targuments\tresult\tkind\n" + "".join(f"{x}\n" for x in sorted(lines)))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("themes", nargs="*", help="all, if none is given")
    parser.add_argument("--trino-url")
    parser.add_argument("--marks", action="store_true")
    parser.add_argument("--functions", action="store_true")
    options = parser.parse_args()
    if options.functions:
        record_functions(TrinoServer(options.trino_url))
        return 0
    cases = [case for case in read_corpus() if case.theme in (options.themes or [case.theme])]
    if options.trino_url:
        server = TrinoServer(options.trino_url)
        cases = [
            replace(case, answer=answer_of(lambda sql: ask_trino(server, sql), case.statement))
            for case in cases
        ]
        write_corpus(cases)
    local = Trino()
    found: Counter[tuple[str, str]] = Counter()
    marked = []
    for case in cases:
        answer = answer_of(lambda sql: ask_local(local, sql), case.statement)
        outcome = case.outcome(answer)
        found[case.theme, outcome] += 1
        if outcome in ("wrong", "other error"):
            print(
                f"{case.theme}: {outcome}: {case.sql}\n    Trino {_shown(case.answer)}\n"
                f"    local {_shown(answer)}"
            )
        kept = case.local if case.local in Case.APPROXIMATIONS else ""
        mark = "refused" if outcome == "refused" else kept
        marked.append(replace(case, local=mark))
    if options.marks:
        write_corpus(marked)
    for theme in sorted({theme for theme, _ in found}):
        print(theme, {kind: count for (one, kind), count in found.items() if one == theme})
    return 0


def _shown(answer: Answer) -> str:
    if answer.error:
        return f"{answer.error}: {answer.message}"[:200]
    return f"{list(answer.types)} {[list(row) for row in answer.rows]}"[:400]


if __name__ == "__main__":
    sys.exit(main())
