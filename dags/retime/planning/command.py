"""The command `plan`: what a run of some dates would build, with bytes and cost."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import Any

from retime.calendar.event_dates import RunFacts, event_dates
from retime.planning.checkout import deploy_from_shell, find_data_set
from retime.planning.plan import plan_run
from retime.planning.report import LateDates, describe_build
from retime.planning.request import read_request
from retime.published.search import Search
from retime.raw.landed import read_landed

_ALONE = ("missing", "outdated")


def add_command(commands: Any) -> None:
    """Add the command to the subparsers of the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "plan",
        help="show what a run of some dates would build",
        description="Show the slices of a manual run, with the raw hours, bytes and cost of each. "
        "Reads S3 and the Glue catalog with the AWS credentials of the shell. Changes nothing, "
        "asks Athena nothing, and needs no Airflow.",
    )
    parser.add_argument("data_set", metavar="DATA_SET", help="its name, as traffic")
    parser.add_argument("first", metavar="FROM", help="the first event date, as 2024-03-28")
    parser.add_argument("last", metavar="TO", nargs="?", help="the last one; default: the first")
    parser.add_argument("--only", choices=_ALONE, help="only the dates that are in this state")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the plan; return the exit code.

    Raises:
        RequestError: the data set or the dates are wrong.
        RetimeError: a setting is, the catalog has no raw table, or raw is archived.
    """
    deployment, now = deploy_from_shell(find_data_set(given.data_set)), datetime.now(timezone.utc)
    data_set = deployment.data_set
    params = {"start_date": given.first, "end_date": given.last, "only": given.only}
    facts = RunFacts(params=params, is_manual=True, logical_date=None, interval_start=None)
    dates = event_dates(facts, zone=data_set.zone, max_days=data_set.limits.max_days, now=now)
    request = read_request(params, dates, is_manual=True)
    until = read_landed(deployment, data_set.window_of(dates), now).until
    plan = plan_run(deployment, request, Search(partitions={}), until, now, None)
    if given.json:
        print(json.dumps(plan.to_json()))
    else:
        none_late = LateDates(waiting={}, healed=(), scanned_bytes=0)
        print(describe_build(request, plan.slices, none_late, data_set.raw.location))
    return 0
