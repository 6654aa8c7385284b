"""The page that shows the states of dates: one HTML file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from retime.coverage.coverage import Coverage
from retime.planning.state import STATES, DateCoverage, PartitionCoverage
from retime.published.facts import TableFacts

_TEMPLATE = Path(__file__).with_name("page.html")
_DATA = "{{ data }}"
_POLICY = "{{ policy }}"


def static_page(coverage: Coverage, *, region: str, airflow: str | None = None) -> str:
    """Return the page with all its data inside.

    Args:
        coverage: the states.
        region: of AWS, for links to its console.
        airflow: the address of Airflow's UI, for links to runs; without it there are none.
    """
    data = {**table_data(coverage.facts, coverage.database, region=region), **page_data(coverage)}
    return render({"airflow": airflow, "coverage": data})


def render(data: Mapping[str, Any]) -> str:
    """Return the page with its data; see page.html for the kinds of data."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return _template().replace(_POLICY, content_security_policy()).replace(_DATA, text)


@cache
def content_security_policy() -> str:
    """Return the policy that allows the page's own script and style, and calls to its server."""
    hashes = {
        tag: base64.b64encode(hashlib.sha256(_inline(tag).encode()).digest()).decode()
        for tag in ("script", "style")
    }
    return (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; "
        f"style-src 'sha256-{hashes['style']}'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'"
    )


def table_data(facts: TableFacts, database: str, *, region: str) -> dict[str, Any]:
    """Return what the page says of a table."""
    return {
        "data_set": facts.data_set,
        "dag_id": facts.dag_id,
        "table": f"{database}.{facts.table}",
        "zone": facts.zone.key,
        "grain": facts.grain,
        "region": region,
        "states": STATES,
    }


def page_data(coverage: Coverage) -> dict[str, Any]:
    """Return what the page shows of dates; ten years of hours fit a file of some megabytes.

    `builds` are [when, run, query]; `days` are [date, state, quarantined records, partitions]; a
    partition is [hour, state] if it was never built, else [hour, state, rows, bytes, late events,
    build, read from, read through]. States and builds are numbers of their lists, times are minutes
    since 1970, and the hour of a daily partition is null.
    """
    builds: dict[tuple[str, str, str], int] = {}
    days = [_day(day, builds) for day in coverage.dates]
    return {"days": days, "builds": list(builds)}


@cache
def _template() -> str:
    return _TEMPLATE.read_text(encoding="utf-8")


def _inline(tag: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", _template(), re.DOTALL)
    return found[1] if found else ""


def _day(day: DateCoverage, builds: dict[tuple[str, str, str], int]) -> list[Any]:
    partitions = [_partition(each, builds) for each in day.partitions]
    return [str(day.date), STATES.index(day.state), day.quarantined, partitions]


def _partition(each: PartitionCoverage, builds: dict[tuple[str, str, str], int]) -> list[Any]:
    hour = each.partition[3] if len(each.partition) > 3 else None
    ledger, state = each.ledger, STATES.index(each.state)
    if ledger is None:
        return [hour, state]
    build = builds.setdefault((ledger.published_at, ledger.run_id, ledger.query_id), len(builds))
    return [
        *(hour, state, ledger.rows, ledger.bytes, ledger.late, build),
        *(_minutes(ledger.arrivals.start), _minutes(ledger.arrivals.end)),
    ]


def _minutes(instant: datetime) -> int:
    return int(instant.timestamp() // 60)
