"""The command `new`: a data set's files, from what its raw events look like."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from retime import aws
from retime.dataset import values
from retime.dataset.settings import read_settings, resolve_location
from retime.drafting.draft import Draft, crawler_of, draft, table_prefix_of
from retime.drafting.seen import Seen, see_file, see_location, see_table
from retime.errors import RequestError
from retime.planning.checkout import lookup, make_clients
from retime.statements.checking import check_data_sets, include_folders

# As of the crawler of infra/template.yaml.
_CONFIGURATION = {
    "Version": 1.0,
    "CrawlerOutput": {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    },
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
    "CreatePartitionIndex": False,
}


def add_command(commands: Any) -> None:
    """Add the command to the subparsers of the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "new",
        help="draft the files of a data set from its raw events",
        description="Look at raw events, and write the YAML file, the SQL and an audit of a data "
        "set. Overwrites nothing. For S3 and the catalog it uses the AWS credentials of the shell.",
    )
    parser.add_argument("name", metavar="NAME", help="of the data set, as clickstream")
    parser.add_argument(
        "--from",
        dest="place",
        metavar="PLACE",
        required=True,
        help="s3://bucket/prefix/, a local file of JSON lines or Parquet, or a table of the "
        "catalog as database.table",
    )
    parser.add_argument(
        "--event-time", metavar="FIELD", help="default: the field that looks most like it"
    )
    parser.add_argument(
        "--include", metavar="FOLDER", type=Path, help="where to write; default: include/"
    )
    parser.add_argument(
        "--start-date",
        metavar="DATE",
        type=date.fromisoformat,
        help="the first event date; default: yesterday",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write the files; return the exit code.

    Raises:
        RequestError: the name is wrong, nothing can be seen, a file is there already, or what can
            be drafted would not run; nothing is left then.
        SettingError: the crawler's database or bucket is not known.
    """
    try:
        name = values.data_set_name(given.name)
    except ValueError as error:
        raise RequestError(
            f"the name is {given.name!r}; give one of a-z, 0-9 and _, but not retime"
        ) from error
    seen = _by_setting(_look(given.place))
    first = given.start_date or datetime.now(timezone.utc).date() - timedelta(days=1)
    drafted = draft(name, seen, first, given.event_time)
    folder = (given.include or include_folders()[0]).resolve()
    described = describe(name, seen, first, drafted, folder)
    _write(folder, drafted.files)
    print(described)
    return 0


def describe(name: str, seen: Seen, first: date, drafted: Draft, folder: Path) -> str:
    """Return what was written, what was taken for what, and what comes next."""
    lines = [
        *(f"wrote {_shown(folder / path)}" for path in drafted.files),
        f"event time: {drafted.event_time}",
        f"copies have the same: {', '.join(drafted.key)} and event time",
        f"raw folders: {seen.folders}",
    ]
    if not seen.location:
        lines.append("the location and the folders are guesses; change them where raw events land")
    if drafted.left_out:
        lines.append(f"left out: {', '.join(drafted.left_out)}")
    if not seen.table:
        lines += [
            "",
            "Create the crawler of the raw events. Its role must be allowed to read them:",
            "",
            f"  {_crawler(name, seen)}",
        ]
    if seen.texts:
        change = f"change the type of {', '.join(seen.texts)} to string in it, and crawl again"
        reason = "Athena reads no table with a struct that has such fields"
        lines += ["", f"Once the raw table is there, {change}: {reason}."]
    test = f"  airflow dags test retime_{name} --conf"
    lines += [
        "",
        "Then check the files, plan a date, and build it. The plan has Athena check the SQL:",
        "",
        "  PYTHONPATH=dags python -m retime check",
        f'{test} \'{{"start_date": "{first}", "plan_only": true}}\'',
        f'{test} \'{{"start_date": "{first}"}}\'',
    ]
    return "\n".join(lines)


def _look(place: str) -> Seen:
    if place.startswith("s3://"):
        return see_location(make_clients().s3, place)
    if Path(place).is_file():
        return see_file(Path(place))
    database, dot, table = place.partition(".")
    if not dot or "/" in place:
        raise RequestError(
            f"{place} is no file; give a file, s3://bucket/prefix/, or a table as database.table"
        )
    return see_table(make_clients().glue, database, table)


def _by_setting(seen: Seen) -> Seen:
    """The same, with its bucket by the name of the setting if that is the raw bucket."""
    bucket, key = aws.split_location(seen.location)
    is_raw = bucket and bucket == lookup("raw_bucket")
    return replace(seen, location=f"s3://${{raw_bucket}}/{key}") if is_raw else seen


def _write(folder: Path, files: Mapping[str, str]) -> None:
    there = [str(folder / path) for path in files if (folder / path).exists()]
    if there:
        raise RequestError(
            f"there already: {', '.join(there)}; give another name, or remove what is there"
        )
    written = []
    try:
        # The YAML file last: without it the others are no data set.
        for path in sorted(files, key=lambda path: path.startswith("datasets/")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            written.append(folder / path)
            written[-1].write_text(files[path], encoding="utf-8")
        _check(folder, written)
    except (OSError, RequestError) as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise RequestError(f"nothing was written: {error}") from error


def _check(folder: Path, written: Collection[Path]) -> None:
    problems = [
        str(problem)
        for problem in check_data_sets([folder]).wrong
        if any(str(path) in str(problem) for path in written)
    ]
    if problems:
        raise RequestError(f"what was drafted would not run: {'; '.join(problems)}")


def _shown(path: Path) -> Path:
    """A path as people would write it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _crawler(name: str, seen: Seen) -> str:
    location = seen.location or f"s3://${{raw_bucket}}/{name}_raw/"
    arguments = {
        "--name": crawler_of(name),
        "--database-name": read_settings(lookup).database,
        "--targets": json.dumps({"S3Targets": [{"Path": resolve_location(location, lookup)}]}),
        "--schema-change-policy": "UpdateBehavior=UPDATE_IN_DATABASE,DeleteBehavior=LOG",
        "--configuration": json.dumps(_CONFIGURATION),
    }
    if prefix := table_prefix_of(name, seen):
        arguments["--table-prefix"] = prefix
    words = [f"{option} {shlex.quote(value)}" for option, value in arguments.items()]
    return "aws glue create-crawler " + " \\\n    ".join(['--role "$CRAWLER_ROLE"', *words])
