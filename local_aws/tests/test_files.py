"""Files are read as real Trino reads them: see `file_corpus`."""

import os
from dataclasses import replace

import pytest
from tests.athena_client import Athena
from tests.file_corpus import answers_of, compare, read_cases

from local_aws.testing import Aws

CASES = list(read_cases())
IS_ON_TRINO = os.environ.get("LOCAL_AWS_ENGINE") == "trino"


@pytest.mark.parametrize("theme", sorted({case.theme for case in CASES}))
def test_a_file_is_read_as_trino_reads_it_or_as_the_corpus_says(
    aws: Aws, bucket: str, database: str, theme: str
) -> None:
    cases = [
        replace(case, local={} if IS_ON_TRINO else case.local)
        for case in CASES
        if case.theme == theme
    ]
    found = answers_of(Athena(aws, bucket, database), cases, is_quick=True)
    wrong = [
        f"{case.shown}: {name}: {how}, not {mark}: Trino {case.answers[name]!r} | {answer!r}"
        for case, name, how, answer in compare(cases, found)
        if _plain(how) != (mark := case.local.get(name, "same"))
    ]
    hint = "after a change of local_aws: PYTHONPATH=trino python -m tests.record_files --marks"
    assert not wrong, f"{len(wrong)} cells; {hint}\n" + "\n".join(wrong[:30])


def _plain(how: str) -> str:
    return "same" if how == "same error" else how
