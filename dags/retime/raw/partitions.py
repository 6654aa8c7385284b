"""What the catalog knows of raw: its arrival hours as partitions of the raw table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow, partition_of_arrival, span_of
from retime.calendar.partitioning import ANY, Key
from retime.calendar.selection import catalog_expression, select
from retime.catalog_changes import CatalogChanges, Partitions, adding, make_changes
from retime.dataset.deployment import Deployment
from retime.errors import CatalogError, CrawlError
from retime.raw.folders import Strays, is_data
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil, check_folders, read_landed
from retime.raw.table import RawTable, find_raw_table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef

_IGNORE_MALFORMED = "ignore.malformed.json"
_EXAMPLES = 3
_LOOK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPartition:
    """A partition of a raw table: its arrival hour, and its values as they are.

    Partitions of one hour differ in keys that are not of time: `others` are the values of those.
    """

    hour: datetime
    others: tuple[str, ...]
    values: tuple[str, ...]
    storage: Any = field(default=None, compare=False)


def uncrawled_hours(
    deployment: Deployment, windows: Sequence[ArrivalWindow], now: datetime
) -> tuple[list[datetime], LandedUntil]:
    """Return the landed arrival hours of windows that the catalog lacks, and how far raw landed.

    What lands after that, a crawl that begins now cannot be expected to find.
    """
    landed = _read_windows(deployment, windows, now)
    glue = deployment.clients.glue
    raw = find_raw_table(glue, deployment.database, deployment.data_set.raw)
    if raw is None:
        return sorted(landed.hours), landed.until
    missing = missing_folders(glue, raw, landed.hours)
    return sorted({each.hour for each in missing.values()}), landed.until


def ensure_registered(
    deployment: Deployment,
    windows: Sequence[ArrivalWindow],
    now: datetime,
    crawled: LandedUntil | None,
) -> LandedRaw:
    """See that the catalog has every landed arrival hour of windows; register them uncrawled.

    Args:
        deployment: the data set in its environment.
        windows: the arrival hours that a run may need, in order.
        now: the time.
        crawled: how far raw had landed when a crawl began; an hour that closed later is left to the
            next run.

    Returns:
        What has landed of which the catalog knows.

    Raises:
        CatalogError: the raw table is missing, or is not as the data set says.
        CrawlError: the catalog lacks hours, although it was crawled.
        RunError: some of the raw events are archived, or all lie in other folders.
    """
    landed = _read_windows(deployment, windows, now)
    if not landed.hours:
        check_folders(deployment.clients.s3, deployment.data_set.raw)
    if crawled:
        landed = landed.before(crawled)
    glue, source = deployment.clients.glue, deployment.data_set.raw
    raw = need_raw_table(deployment)
    missing = missing_folders(glue, raw, landed.hours)
    if source.crawler is None:
        register_folders(glue, raw, missing, source.location)
    elif missing:
        first = min(missing, key=lambda folder: missing[folder].hour)
        raise CrawlError(
            f"{len(missing)} folders of arrival hours under {source.location}, as {first}, are not "
            f"partitions of {raw.in_catalog}. {_describe_others(deployment)}see what the crawler "
            f"{source.crawler} includes and excludes, then clear crawl_raw"
        )
    if raw.is_json:
        ignore_malformed_json(glue, raw, landed.hours)
    return landed


def need_raw_table(deployment: Deployment) -> RawTable:
    """Return the raw table as the catalog has it; a missing one by what its crawler made instead.

    Raises:
        CatalogError: it is missing, or is not as the data set says.
    """
    source, database = deployment.data_set.raw, deployment.database
    raw = find_raw_table(deployment.clients.glue, database, source)
    if raw is not None:
        return raw
    if source.crawler is None:
        raise CatalogError(
            f"the raw table {database}.{source.table} is not in the catalog; create it, or name a "
            "crawler in raw.crawler"
        )
    raise CatalogError(
        f"the crawler {source.crawler} made no table {database}.{source.table}. "
        f"{_describe_others(deployment)}see what the crawler includes and excludes, and which "
        "prefix it gives to tables, then clear crawl_raw"
    )


def _describe_others(deployment: Deployment) -> str:
    """What else a crawler made of the objects below the raw location: each table, by an object."""
    source, clients = deployment.data_set.raw, deployment.clients
    others: dict[str, list[str]] = {}
    tables = list(aws.list_tables(clients.glue, deployment.database))
    is_there = any(table["Name"] == source.table for table in tables)
    for table in tables:
        descriptor = table.get("StorageDescriptor", {})
        location = descriptor.get("Location", "").rstrip("/") + "/"
        if table["Name"] == source.table or not location.startswith(source.location):
            continue
        if location == source.location and not is_there:
            return f"The table {table['Name']} has this location: name it in raw.table; or "
        entries = aws.list_entries(clients.s3, location, page_size=_LOOK)
        objects = (location + path for path, entry in entries if is_data(path, entry["Size"]))
        kind = table.get("Parameters", {}).get("classification", "of no known format")
        others.setdefault(kind, []).append(f"{table['Name']}, as {next(objects, location)}")
    if not others:
        return ""
    shown = "; ".join(
        f"{len(names)} of {kind} ({', '.join(names[:_EXAMPLES])})"
        for kind, names in sorted(others.items(), key=lambda each: len(each[1]))
    )
    return (
        f"Below {source.location} the crawler made other tables: {shown}. Crawlers do so where "
        "formats or compressions differ, and where an object has no record that can be read. "
        "Exclude such objects in the crawler, or move them elsewhere (Firehose's "
        "ErrorOutputPrefix outside of the raw location, one format and compression below it), and "
        "drop these tables; or "
    )


def describe_strays(deployment: Deployment, strays: Strays) -> str | None:
    """Return what lies beside the folders of raw events; None if nothing was seen."""
    raw = deployment.data_set.raw
    if not strays.paths:
        return None
    shown = ", ".join(f"{raw.location}{path}" for path in strays.paths[:_EXAMPLES])
    more = " and others" if len(strays.paths) > _EXAMPLES else ""
    return (
        f"not read, because they lie in no folder as {raw.partitioning.pattern}/: {shown}{more}. "
        "If they are raw events, change raw.partitions, or move them"
    )


def _read_windows(
    deployment: Deployment, windows: Sequence[ArrivalWindow], now: datetime
) -> LandedRaw:
    """What landed in windows, and how far that is in the last of them."""
    hours: dict[datetime, LandedHour] = {}
    strays = Strays()
    for window in windows:
        landed = read_landed(deployment, window, now)
        hours |= landed.hours
        for path in landed.strays.paths:
            strays.note(path)
    return LandedRaw(hours=hours, until=landed.until, strays=strays)


def registered(
    glue: GlueClient, raw: RawTable, window: ArrivalWindow, wanted: Collection[datetime] = ()
) -> list[RawPartition]:
    """Return the partitions of the arrival hours of a window that the catalog knows.

    Where tools have left numbers with zeros, Glue may not find them by their values. So if it does
    not find the hours that are `wanted`, a year of partitions is looked through.
    """
    period = raw.partitioning.period
    hours = [partition_of_arrival(hour, period) for hour in window.hours(period)]
    terms = select(raw.partitioning, hours)
    found: list[RawPartition] = []
    for expression in dict.fromkeys(
        catalog_expression(terms, is_canonical=is_canonical) for is_canonical in (True, False)
    ):
        listed = aws.list_partitions(glue, raw.in_catalog, expression)
        partitions = (_partition(raw, each.values, each.storage) for each in listed)
        found = [p for p in partitions if p and window.start <= p.hour < window.end]
        if found and {each.hour for each in found} >= set(wanted):
            break
    return found


def registered_hours(glue: GlueClient, raw: RawTable, window: ArrivalWindow) -> set[datetime]:
    """Return the arrival hours of a window that the catalog knows."""
    return {partition.hour for partition in registered(glue, raw, window)}


def missing_folders(
    glue: GlueClient, raw: RawTable, landed: Mapping[datetime, LandedHour]
) -> dict[str, RawPartition]:
    """Return the landed folders that the catalog does not know, and the partitions they are.

    Raises:
        CatalogError: the table cannot have a partition for one of them.
    """
    if not landed:
        return {}
    if raw.is_projected:
        _check_listed(raw, landed)
        return {}
    window = ArrivalWindow(start=min(landed), end=max(landed) + raw.partitioning.period)
    known = {(each.hour, each.others) for each in registered(glue, raw, window, landed)}
    missing = {}
    for hour in sorted(landed):
        for folder in sorted(landed[hour].folders):
            partition = _partition(raw, _values(raw, folder))
            if partition is None:
                raise CatalogError(
                    f"the raw table {raw.in_catalog} cannot have a partition for the folder "
                    f"{folder}; fix the types of its keys"
                )
            if (partition.hour, partition.others) not in known:
                missing[folder] = partition
    return missing


def _check_listed(raw: RawTable, landed: Mapping[datetime, LandedHour]) -> None:
    """See that a projection that lists values leaves no landed folder out."""
    for folder in sorted({folder for hour in landed.values() for folder in hour.folders}):
        values = zip(raw.folders.names, raw.folders.values(folder) or (), strict=False)
        for name, value in values:
            if value not in raw.listed.get(name, (value,)):
                raise CatalogError(
                    f"Athena would not read the folder {folder}: the raw table {raw.in_catalog} "
                    f"has {value!r} not among the values of projection.{name}; add it"
                )


def register_folders(
    glue: GlueClient, raw: RawTable, folders: Mapping[str, RawPartition], location: str
) -> None:
    """Add landed folders to a raw table that nobody crawls.

    Raises:
        PublishError: the catalog did not take some of them.
    """
    table = glue.get_table(DatabaseName=raw.database, Name=raw.name)["Table"]
    wanted = [
        aws.CatalogPartition(
            values=partition.values,
            location=location + folder,
            storage=table["StorageDescriptor"],
        )
        for folder, partition in folders.items()
    ]
    make_changes(glue, raw.in_catalog, [each.values for each in wanted], adding(wanted))


def ignore_malformed_json(glue: GlueClient, raw: RawTable, hours: Iterable[datetime]) -> None:
    """Make a JSON table give NULLs for a line that is not JSON, which its SerDe fails on.

    The setting of a partition counts, not its table's, and a crawler sets neither. The default is
    https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html.

    Raises:
        PublishError: the catalog did not take some of the changes.
    """

    def ignore(table: TableInputTypeDef) -> TableInputTypeDef | None:
        storage = table["StorageDescriptor"]
        return None if _ignores(storage) else {**table, "StorageDescriptor": _ignoring(storage)}

    aws.change_table(glue, raw.database, raw.name, ignore)
    wanted = set(hours)
    if raw.is_projected or not wanted:
        return
    window = ArrivalWindow(start=min(wanted), end=max(wanted) + raw.partitioning.period)
    values = [
        each.values
        for each in registered(glue, raw, window, wanted)
        if each.hour in wanted and not _ignores(each.storage)
    ]

    def plan(existing: Partitions) -> CatalogChanges:
        changed = [
            replace(partition, storage=_ignoring(partition.storage))
            for partition in existing.values()
            if not _ignores(partition.storage)
        ]
        return CatalogChanges(update=changed)

    make_changes(glue, raw.in_catalog, values, plan)


def _partition(raw: RawTable, values: Sequence[str], storage: Any = None) -> RawPartition | None:
    """The partition that values are of; None if they are of no arrival hour."""
    units = raw.partitioning.read(values)
    span = units and span_of(units)
    if not span:
        return None
    keys = zip(raw.partitioning.keys, values, strict=True)
    others = tuple(_meaning(key, value) for key, value in keys if key.format == ANY)
    return RawPartition(hour=span.start, others=others, values=tuple(values), storage=storage)


def _meaning(key: Key, value: str) -> str:
    """A value, in whichever form a tool has written it: 05 of a number, a%20b."""
    return _without_zeros(key, unquote(value))


def _without_zeros(key: Key, text: str) -> str:
    return str(int(text)) if not key.is_text and text.isdecimal() else text


def _values(raw: RawTable, folder: str) -> list[str]:
    """The values of a folder: Hive escapes some characters, and writes numbers without zeros."""
    keys = zip(raw.partitioning.keys, raw.partitioning.values(folder) or (), strict=False)
    return [_without_zeros(key, unquote(value) if key.label else value) for key, value in keys]


def _ignores(descriptor: Mapping[str, Any]) -> bool:
    serde = descriptor.get("SerdeInfo", {})
    return bool(serde.get("Parameters", {}).get(_IGNORE_MALFORMED) == "true")


def _ignoring(descriptor: Any) -> Any:
    serde = dict(descriptor["SerdeInfo"])
    serde["Parameters"] = {**serde.get("Parameters", {}), _IGNORE_MALFORMED: "true"}
    return {**descriptor, "SerdeInfo": serde}
