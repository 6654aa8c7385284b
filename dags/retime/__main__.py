"""The command line: what can be said of data sets without Airflow.

    PYTHONPATH=dags python -m retime check [FOLDER...]

`check` reads every data set of the include folders, those of Airflow's DAGs unless others are
named, and renders their SQL. Exit code 0: all can run. 1: some are wrong. 2: the command is.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from retime.errors import RetimeError
from retime.statements.checking import check_data_sets, include_folders


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m retime", description="Retime's data sets.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="check the files of data sets before they are deployed",
        description="Read every data set of include folders, and render its SQL. Needs no Airflow "
        "and no AWS. Exit code 1 if a data set is wrong.",
    )
    check.add_argument(
        "folders",
        metavar="FOLDER",
        nargs="*",
        type=Path,
        help="an include folder, with datasets/ and sql/; default: those that the DAGs read, "
        "include/ and RETIME_INCLUDE",
    )
    given = parser.parse_args(arguments)
    for folder in given.folders:
        if not (folder / "datasets").is_dir():
            check.error(f"{folder} has no folder datasets; name an include folder")
    try:
        return _check(given.folders or include_folders())
    except RetimeError as error:
        print(error, file=sys.stderr)
        return 1


def _check(folders: Sequence[Path]) -> int:
    found = check_data_sets(folders)
    for data_set in found.right:
        print(f"{data_set.name} is right")
    for error in found.wrong:
        print(error, file=sys.stderr)
    print(f"right: {len(found.right)}, wrong: {len(found.wrong)}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
