"""What the catalog knows of raw: its arrival hours as partitions of the raw table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.arrival_hours import HOUR, ArrivalWindow, arrival_hour_of, arrival_path
from retime.dataset.deployment import Deployment
from retime.errors import CrawlError
from retime.quoting import quote_literal
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil, read_landed
from retime.raw.table import RawTable, find_raw_table, read_raw_table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_IGNORE_MALFORMED = "ignore.malformed.json"


def uncrawled_hours(
    deployment: Deployment, windows: Sequence[ArrivalWindow], now: datetime
) -> tuple[list[datetime], LandedUntil]:
    """Return the landed arrival hours of windows that the catalog lacks, and how far raw landed.

    What lands after that, a crawl that begins now cannot be expected to find.
    """
    landed = _read_windows(deployment, windows, now)
    glue = deployment.clients.glue
    raw = find_raw_table(glue, deployment.database, deployment.data_set.raw.table)
    return missing_hours(glue, raw, landed.hours), landed.until


def ensure_registered(
    deployment: Deployment,
    windows: Sequence[ArrivalWindow],
    now: datetime,
    crawled: LandedUntil | None,
) -> LandedUntil:
    """See that the catalog has every landed arrival hour of windows; register them uncrawled.

    Args:
        deployment: the data set in its environment.
        windows: the arrival hours that a run may need, in order.
        now: the time.
        crawled: how far raw had landed when a crawl began; an hour that closed later is left to the
            next run.

    Returns:
        How far raw has landed of which the catalog knows.

    Raises:
        CrawlError: the catalog lacks hours, although it was crawled.
        RunError: some of the raw events are archived.
    """
    landed = _read_windows(deployment, windows, now)
    if crawled:
        landed = landed.before(crawled)
    glue, source = deployment.clients.glue, deployment.data_set.raw
    raw = read_raw_table(glue, deployment.database, source.table)
    missing = missing_hours(glue, raw, landed.hours)
    if source.crawler is None:
        register_hours(glue, raw, missing, source.location)
    elif missing:
        raise CrawlError(
            f"{len(missing)} arrival hours under {source.location}, from "
            f"{missing[0]:%Y-%m-%d %H}:00 UTC, are not partitions of {deployment.database}."
            f"{raw.name}; see what the crawler {source.crawler} includes and excludes, then clear "
            "crawl_raw"
        )
    if raw.is_json:
        ignore_malformed_json(glue, raw, landed.hours)
    return landed.until


def _read_windows(
    deployment: Deployment, windows: Sequence[ArrivalWindow], now: datetime
) -> LandedRaw:
    """What landed in windows, and how far that is in the last of them."""
    hours: dict[datetime, LandedHour] = {}
    for window in windows:
        landed = read_landed(deployment, window, now)
        hours |= landed.hours
    return LandedRaw(hours=hours, until=landed.until)


def registered_hours(glue: GlueClient, raw: RawTable, window: ArrivalWindow) -> set[datetime]:
    """Return the arrival hours of a window that the catalog knows."""
    hours: set[datetime] = set()
    for year, month in dict.fromkeys((hour.year, hour.month) for hour in window.hours):
        terms = [_equals(raw, "year", year), _equals(raw, "month", month)]
        found = aws.list_partitions(glue, raw.database, raw.name, " AND ".join(terms))
        hours |= {hour for p in found if (hour := arrival_hour_of(p.values)) is not None}
    return hours


def missing_hours(
    glue: GlueClient, raw: RawTable | None, landed: Iterable[datetime]
) -> list[datetime]:
    """Return the landed hours that the catalog does not know; all, where there is no table yet."""
    hours = sorted(landed)
    if raw is None or not hours:
        return hours
    window = ArrivalWindow(start=hours[0], end=hours[-1] + HOUR)
    return sorted(set(hours) - registered_hours(glue, raw, window))


def register_hours(
    glue: GlueClient, raw: RawTable, hours: Iterable[datetime], location: str
) -> None:
    """Add arrival hours to a raw table that nobody crawls.

    Raises:
        CrawlError: the catalog did not take some of them.
    """
    table = glue.get_table(DatabaseName=raw.database, Name=raw.name)["Table"]
    partitions = [
        aws.CatalogPartition(
            values=_values(hour),
            location=location + arrival_path(hour),
            storage=table["StorageDescriptor"],
        )
        for hour in hours
    ]
    refused = aws.create_partitions(glue, raw.database, raw.name, partitions, raw.key_widths)
    # Another run may have registered the same hours meanwhile.
    _check(raw, [each for each in refused if each.code != "AlreadyExistsException"])


def ignore_malformed_json(glue: GlueClient, raw: RawTable, hours: Iterable[datetime]) -> None:
    """Make a JSON table give NULLs for a line that is not JSON, which its SerDe fails on.

    The setting of a partition counts, not its table's, and a crawler sets neither. The default is
    https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html.

    Raises:
        CrawlError: the catalog did not take some of the changes.
    """
    table = glue.get_table(DatabaseName=raw.database, Name=raw.name)["Table"]
    if not _ignores(table["StorageDescriptor"]):
        aws.update_table(glue, raw.database, table, storage=_ignoring(table["StorageDescriptor"]))
    values = [_values(hour) for hour in hours]
    found = aws.read_partitions(glue, raw.database, raw.name, values, raw.key_widths)
    changed = [
        replace(partition, storage=_ignoring(partition.storage))
        for partition in found.values()
        if not _ignores(partition.storage)
    ]
    _check(raw, aws.update_partitions(glue, raw.database, raw.name, changed, raw.key_widths))


def _check(raw: RawTable, refused: list[aws.RefusedPartition]) -> None:
    if refused:
        first = ", ".join(map(str, refused[:3]))
        raise CrawlError(f"{raw.database}.{raw.name}: {len(refused)} hours refused: {first}")


def _ignores(descriptor: Mapping[str, Any]) -> bool:
    serde = descriptor.get("SerdeInfo", {})
    return bool(serde.get("Parameters", {}).get(_IGNORE_MALFORMED) == "true")


def _ignoring(descriptor: Any) -> Any:
    serde = dict(descriptor["SerdeInfo"])
    serde["Parameters"] = {**serde.get("Parameters", {}), _IGNORE_MALFORMED: "true"}
    return {**descriptor, "SerdeInfo": serde}


def _values(hour: datetime) -> aws.PartitionValues:
    return hour.year, hour.month, hour.day, hour.hour


def _equals(raw: RawTable, key: str, value: int) -> str:
    width = raw.key_widths[list(raw.keys).index(key)]
    return f"{key} = {quote_literal(f'{value:0{width}}') if width else value}"
