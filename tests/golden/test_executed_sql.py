"""The golden cases, executed by local_aws through the Athena API."""

from types import SimpleNamespace

import pytest

from local_aws.testing import ServerProcess
from tests.golden.cases import FOLDERS, read_case
from tests.golden.executed import built, check


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Clients of a local AWS in a process of its own."""
    with ServerProcess(tmp_path_factory.mktemp("aws")) as process:
        s3, glue, athena = (process.aws.client(name) for name in ("s3", "glue", "athena"))
        yield SimpleNamespace(s3=s3, glue=glue, athena=athena)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_case_gives_the_expected_rows_and_counts(clients, folder):
    case = read_case(folder)
    check(case, built(clients, case))
