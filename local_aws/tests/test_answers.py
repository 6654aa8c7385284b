"""local_aws answers the corpus as real Trino does, or refuses: never otherwise."""

import pytest
from tests.answers import Case, answer_of, read_corpus
from tests.athena_sql import Trino
from tests.record import ask_local

from local_aws.athena.compile.function_table import RULES
from local_aws.athena.compile.language import TRINO

CASES = list(read_corpus())
THEMES = list(dict.fromkeys(case.theme for case in CASES))


@pytest.fixture(scope="module")
def trino() -> Trino:
    return Trino()


def test_the_corpus_is_large():
    assert len(CASES) >= 1500
    assert len({case.sql for case in CASES}) >= 0.98 * len(CASES)


@pytest.mark.parametrize("theme", THEMES)
def test_no_answer_is_another_than_trinos(trino, theme):
    wrong, unmarked = [], []
    for case in CASES:
        if case.theme != theme:
            continue
        answer = answer_of(lambda sql: ask_local(trino, sql), case.statement)
        outcome = case.outcome(answer)
        if outcome == "wrong":
            wrong.append(f"{case.sql}\n    Trino {case.answer}\n    local {answer}")
        if (outcome == "refused") != (case.local == "refused"):
            unmarked.append(f"{case.sql}: {outcome}, marked {case.local!r}")
    assert not wrong, "\n".join(wrong)
    assert not unmarked, "run `python -m tests.record --marks` and read the difference:\n" + (
        "\n".join(unmarked)
    )


def test_every_function_that_local_aws_has_is_in_the_corpus():
    asked = " ".join(case.sql.lower() for case in CASES if case.local != "refused")
    names = {*RULES, *TRINO.functions}
    missing = {name for name in names if f"{name}(" not in asked.replace(" (", "(")}
    # Their answer is another at every call.
    assert missing <= {"now", "uuid", "random", "grouping"}


def test_approximations_are_few_and_named():
    named = {case.local for case in CASES} - {"", "refused"}
    assert named <= set(Case.APPROXIMATIONS)
    assert sum(case.local in named for case in CASES) < 0.02 * len(CASES)
