"""The command `coverage`: the states of a data set's dates, read from S3 and the catalog."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.coverage import page, text
from retime.coverage.coverage import Coverage, first_built, read_coverage
from retime.dataset.deployment import Deployment
from retime.errors import CatalogError, RequestError, RunError
from retime.planning.checkout import deploy_from_shell, find_data_set
from retime.planning.reading import LandedIn, facts_today
from retime.published.facts import TableFacts
from retime.published.tables import has_table
from retime.raw.landed import list_landed


def add_command(commands: Any) -> None:
    """Add the command to the subparsers of the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "coverage",
        help="show the state of every date of a data set",
        description="Show the state of the dates of a data set's table. Reads S3 and the Glue "
        "catalog with the AWS credentials of the shell, and RETIME_... settings from the "
        "environment. Changes nothing, and needs no Airflow.",
    )
    parser.add_argument("data_set", metavar="DATA_SET", help="its name, as traffic")
    parser.add_argument(
        "first", metavar="FROM", nargs="?", type=_date, help="default: the first built date"
    )
    parser.add_argument(
        "last", metavar="TO", nargs="?", type=_date, help="default: the last complete date"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the page to a file")
    parser.add_argument(
        "--airflow", metavar="URL", type=_url, help="of Airflow's UI, which the page links to"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the states, or write them to a file; return the exit code.

    Raises:
        RequestError: the data set or the dates are wrong.
        RetimeError: a setting is, or the catalog has no such table.
    """
    coverage, region = _read(given)
    if given.html:
        embedded = page.static_page(coverage, region=region, airflow=given.airflow)
        try:
            given.html.write_text(embedded, encoding="utf-8")
        except OSError as error:
            raise RequestError(f"cannot write the page: {error}") from error
    if given.json:
        print(json.dumps(coverage.to_json()))
    elif given.html:
        print(f"{text.summarize(coverage)}; page: {given.html}")
    else:
        is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        print("\n".join(text.describe(coverage, is_coloured=is_coloured)))
    return 0


def _read(given: argparse.Namespace) -> tuple[Coverage, str]:
    deployment = deploy_from_shell(find_data_set(given.data_set))
    glue, database, data_set = deployment.clients.glue, deployment.database, deployment.data_set
    if not has_table(glue, database, data_set.published.name):
        raise CatalogError(
            f"the table {database}.{data_set.published.name} is not in the catalog; the first run "
            f"of the DAG retime_{data_set.name} creates it"
        )
    facts = facts_today(deployment)
    dates = _dates(deployment, facts, given.first, given.last)
    found = read_coverage(glue, database, facts, dates, _landed_on_s3(deployment))
    return found, glue.meta.region_name


def _dates(
    deployment: Deployment, facts: TableFacts, first: date | None, last: date | None
) -> Slice:
    complete = datetime.now(timezone.utc).astimezone(facts.zone).date() - timedelta(days=1)
    if last and last > complete:
        raise RequestError(
            f"{last} is not over: the last complete date in {facts.zone.key} is {complete}; give "
            "dates up to that one"
        )
    last = last or complete
    if first is None:
        first = first_built(deployment.clients.glue, deployment.database, facts, last)
    if first is None:
        raise CatalogError(
            f"nothing was built of {deployment.database}.{facts.table} up to {last}; give FROM and "
            "TO to see what has landed"
        )
    return Slice(first_date=first, last_date=last, zone=facts.zone)


def _landed_on_s3(deployment: Deployment) -> LandedIn:
    """Return what asks S3; what is archived is nothing to build from."""
    raw, s3 = deployment.data_set.raw, deployment.clients.s3

    def landed_in(window: ArrivalWindow) -> Iterable[datetime]:
        try:
            return list(list_landed(s3, raw, window))
        except RunError:
            starts = window.hours(raw.period)
            hours = (ArrivalWindow(start=hour, end=hour + raw.period) for hour in starts)
            return [hour.start for hour in hours if not _is_archived(deployment, hour)]

    return landed_in


def _is_archived(deployment: Deployment, hour: ArrivalWindow) -> bool:
    """Return whether an hour holds no raw, or some that is archived."""
    try:
        return not list_landed(deployment.clients.s3, deployment.data_set.raw, hour)
    except RunError:
        return True


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} is no date; give one as 2024-03-28") from error


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{value!r} is no http address; give one of Airflow's UI")
    return value.rstrip("/") + "/"
