"""The command line: what can be said of data sets without Airflow.

    PYTHONPATH=dags python -m retime check [--aws] [FOLDER...]
    PYTHONPATH=dags python -m retime new NAME --from PLACE [--event-time FIELD] [--include FOLDER]
    PYTHONPATH=dags python -m retime coverage DATA_SET [FROM [TO]] [--json] [--html FILE]
    PYTHONPATH=dags python -m retime plan DATA_SET FROM [TO] [--only STATE] [--json]

`check` reads every data set of the include folders, those of Airflow's DAGs unless others are
named, and renders their SQL; with `--aws` Athena checks it too. `new` drafts the files of a
data set from its raw events. `coverage` shows the state of every date, and `plan` what a run of
some dates would build. Exit code 0: all is well. 1: some data sets are wrong, or AWS, the settings
or the catalog are. 2: the command is.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from retime.aws_failures import describe_failure
from retime.coverage import command as coverage
from retime.drafting import command as new
from retime.errors import RequestError, RetimeError
from retime.planning import command as plan
from retime.planning.checkout import deploy_from_shell
from retime.statements.checking import check_data_sets, include_folders
from retime.statements.validation import validate_statements

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m retime", description="Retime's data sets.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_check(commands)
    coverage.add_command(commands)
    plan.add_command(commands)
    new.add_command(commands)
    given = parser.parse_args(arguments)
    try:
        run: Command = given.run
        code = run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads, as `head`, has read enough; Python would flush once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except RequestError as error:
        print(error, file=sys.stderr)
        return 2
    except RetimeError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        if (sentence := describe_failure(error)) is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    else:
        return code


def _add_check(commands: Any) -> None:
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
        type=_include_folder,
        help="an include folder, with datasets/ and sql/; default: those that the DAGs read, "
        "include/ and RETIME_INCLUDE",
    )
    check.add_argument(
        "--aws",
        action="store_true",
        help="let Athena plan every statement too, which scans nothing; with the AWS credentials "
        "and RETIME_... settings of the shell",
    )
    check.set_defaults(run=_check)


def _include_folder(value: str) -> Path:
    folder = Path(value)
    if not (folder / "datasets").is_dir():
        raise argparse.ArgumentTypeError(f"{folder} has no folder datasets; name an include folder")
    return folder


def _check(given: argparse.Namespace) -> int:
    found = check_data_sets(given.folders or include_folders())
    wrong: list[RetimeError] = list(found.wrong)
    for data_set in found.right:
        try:
            if given.aws:
                validate_statements(deploy_from_shell(data_set))
            print(f"{data_set.name} is right")
        except RetimeError as error:  # noqa: PERF203
            wrong.append(RetimeError(f"{data_set.name}: {error}"))
    for problem in wrong:
        print(problem, file=sys.stderr)
    print(f"right: {len(found.right) + len(found.wrong) - len(wrong)}, wrong: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
