"""What of the raw data has landed on S3, and what of it the catalog knows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from retime import aws
from retime.calendar.partitions import (
    HOUR,
    ArrivalWindow,
    arrival_hour_in_path,
    arrival_hour_of_values,
    arrival_path,
)
from retime.errors import CrawlError, RunError
from retime.published import tables as catalog
from retime.quoting import quote_literal
from retime.statements.macros import RawTable, is_text

# Firehose buffers up to 15 minutes and files an object under the hour of its oldest record, so an
# hour of the wall clock that is over can still grow.
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
BUFFERING = timedelta(minutes=15)
SETTLING = timedelta(hours=1)
# Athena passes over such objects as if they were not there, unless they are restored and a property
# of the table says so, which nobody can see in a listing:
# https://docs.aws.amazon.com/athena/latest/ug/querying-glacier.html
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """How much landed in one arrival hour."""

    objects: int
    size: int


def has_landed_from(s3: Any, location: str, hour: datetime) -> bool:
    """Tell whether anything has landed in this arrival hour or a later one."""
    return first_landed(s3, location, hour) is not None


def first_landed(s3: Any, location: str, hour: datetime | None = None) -> datetime | None:
    """Return the first arrival hour that is there, or the first from an hour on, or None."""
    after = arrival_path(hour).rstrip("/") if hour else "year="
    for path, entry in aws.list_entries(s3, location, after=after, page_size=100):
        # Tools put empty objects where they see folders.
        if entry["Size"] and (found := arrival_hour_in_path(path)):
            return found
    return None


def list_landed(s3: Any, location: str, window: ArrivalWindow) -> dict[datetime, Landed]:
    """Return what has landed in each arrival hour of a window, but for hours without objects.

    Raises:
        RunError: some of it is archived, which would be taken for empty.
    """
    days = dict.fromkeys(arrival_path(hour).rpartition("hour=")[0] for hour in window.hours)
    sizes: dict[datetime, list[int]] = defaultdict(list)
    for day in days:
        for path, entry in aws.list_entries(s3, location, day):
            hour = arrival_hour_in_path(path)
            if hour is None or not window.start <= hour < window.end or not entry["Size"]:
                continue
            if entry.get("StorageClass") in ARCHIVED:
                raise RunError(
                    f"{location}{path} has the storage class {entry['StorageClass']}, of which "
                    "Athena takes no notice; copy what is archived back to STANDARD, or build "
                    "dates whose raw events are not archived"
                )
            sizes[hour].append(entry["Size"])
    return {hour: Landed(objects=len(sizes[hour]), size=sum(sizes[hour])) for hour in sorted(sizes)}


def is_closed(s3: Any, location: str, hour: datetime, now: datetime) -> bool:
    """Tell whether an arrival hour no longer grows: followed by another, or long over.

    Statements of one slice read raw one after the other; in an hour that is still landing they
    would see different events, and the counts could not reconcile.
    """
    if now >= hour + HOUR + SETTLING:
        return True
    return now >= hour + HOUR + BUFFERING and has_landed_from(s3, location, hour + HOUR)


def registered_hours(glue: Any, raw: RawTable, window: ArrivalWindow) -> set[datetime]:
    """Return the arrival hours of a window that the catalog knows."""
    hours: set[datetime] = set()
    for year, month in dict.fromkeys((hour.year, hour.month) for hour in window.hours):
        terms = [_equals(raw, "year", f"{year:04}"), _equals(raw, "month", f"{month:02}")]
        found = aws.get_partitions(glue, raw.database, raw.name, " AND ".join(terms))
        hours |= {h for p in found if (h := arrival_hour_of_values(p["Values"])) is not None}
    return hours


def missing_hours(glue: Any, raw: RawTable | None, landed: Iterable[datetime]) -> list[datetime]:
    """Return the landed hours that the catalog does not know; all, where there is no table yet."""
    hours = sorted(landed)
    if raw is None or not hours:
        return hours
    window = ArrivalWindow(start=hours[0], end=hours[-1] + HOUR)
    return sorted(set(hours) - registered_hours(glue, raw, window))


def register_hours(glue: Any, raw: RawTable, hours: Iterable[datetime], location: str) -> None:
    """Add arrival hours to a raw table that nobody crawls.

    Raises:
        CrawlError: the catalog did not take some of them.
    """
    table = glue.get_table(DatabaseName=raw.database, Name=raw.name)["Table"]
    inputs = [
        {
            "Values": _values(raw, hour),
            "StorageDescriptor": {
                **table["StorageDescriptor"],
                "Location": location + arrival_path(hour),
            },
        }
        for hour in hours
    ]
    failures = aws.create_partitions(glue, raw.database, raw.name, inputs)
    # Another run may have registered the same hours meanwhile.
    failures = [failure for failure in failures if "AlreadyExistsException" not in failure]
    if failures:
        raise CrawlError(f"{raw.database}.{raw.name}: {len(failures)} hours: {failures[:3]}")


def let_json_be_unreadable(glue: Any, raw: RawTable, hours: Iterable[datetime]) -> None:
    """Make a JSON table give NULLs for a line that is not JSON, which its SerDe fails on.

    The setting of a partition counts, not its table's, and a crawler sets neither. The default is
    https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html.

    Raises:
        CrawlError: the catalog did not take some of the changes.
    """
    table = glue.get_table(DatabaseName=raw.database, Name=raw.name)["Table"]
    if not _ignores(table):
        kept = ("Name", "TableType", "Parameters", "PartitionKeys", "Description", "Owner")
        change = {key: table[key] for key in kept if key in table}
        change["StorageDescriptor"] = _ignoring(table)
        glue.update_table(DatabaseName=raw.database, TableInput=change)
    values = [tuple(_values(raw, hour)) for hour in hours]
    found = aws.read_partitions(glue, raw.database, raw.name, values)
    inputs = [
        {
            "Values": partition["Values"],
            "Parameters": partition.get("Parameters", {}),
            "StorageDescriptor": _ignoring(partition),
        }
        for partition in found.values()
        if not _ignores(partition)
    ]
    failures = aws.update_partitions(glue, raw.database, raw.name, inputs)
    if failures:
        raise CrawlError(f"{raw.database}.{raw.name}: {len(failures)} hours: {failures[:3]}")


def _ignores(entry: Mapping[str, Any]) -> bool:
    serde = entry["StorageDescriptor"].get("SerdeInfo", {})
    return bool(serde.get("Parameters", {}).get(catalog.IGNORE_MALFORMED) == "true")


def _ignoring(entry: Mapping[str, Any]) -> dict[str, Any]:
    descriptor = dict(entry["StorageDescriptor"])
    serde = dict(descriptor["SerdeInfo"])
    serde["Parameters"] = {**serde.get("Parameters", {}), catalog.IGNORE_MALFORMED: "true"}
    return {**descriptor, "SerdeInfo": serde}


def _values(raw: RawTable, hour: datetime) -> list[str]:
    """The values of an hour as its table has them: zero-padded text, or canonical numbers."""
    padded = {
        "year": f"{hour:%Y}",
        "month": f"{hour:%m}",
        "day": f"{hour:%d}",
        "hour": f"{hour:%H}",
    }
    return [padded[k] if is_text(t) else str(int(padded[k])) for k, t in raw.keys.items()]


def _equals(raw: RawTable, key: str, value: str) -> str:
    return f"{key} = {quote_literal(value) if is_text(raw.keys[key]) else int(value)}"
