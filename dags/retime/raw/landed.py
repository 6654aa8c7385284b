"""What of the raw data has landed on S3, by arrival hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import (
    HOUR,
    ArrivalWindow,
    arrival_hour_in_path,
    arrival_path,
    ceil_hour,
)
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.errors import RunError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Firehose buffers up to 15 minutes and files an object under the hour of its oldest record, so an
# hour of the wall clock that is over can still grow.
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
BUFFERING = timedelta(minutes=15)
SETTLING = timedelta(hours=1)
# Athena skips such objects without a word, unless they are restored and a property of the table
# says so, which no listing shows:
# https://docs.aws.amazon.com/athena/latest/ug/querying-glacier.html
ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
PAST = timedelta(days=1)
"""How long after a wait would have timed out a date is not waited for at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedHour:
    """How much landed in one arrival hour; `size` in bytes."""

    objects: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedUntil:
    """How far raw has landed that a run may read: the first instant of arrival that it may not."""

    instant: datetime

    def to_json(self) -> dict[str, str]:
        """Return the plain value that goes from task to task."""
        return {"landed_until": self.instant.isoformat()}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> LandedUntil:
        """Return what `to_json` made a plain value of."""
        return cls(instant=datetime.fromisoformat(value["landed_until"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedRaw:
    """The arrival hours of a window that landed and no longer grow, and how far that is."""

    hours: Mapping[datetime, LandedHour]
    until: LandedUntil

    def before(self, until: LandedUntil) -> LandedRaw:
        """Return what landed before an instant."""
        end = min(self.until.instant, until.instant)
        return LandedRaw(
            hours={hour: volume for hour, volume in self.hours.items() if hour < end},
            until=LandedUntil(instant=end),
        )


def read_landed(deployment: Deployment, window: ArrivalWindow, now: datetime) -> LandedRaw:
    """Return what landed in a window and no longer grows.

    Raises:
        RunError: some of it is archived.
    """
    location, s3 = deployment.data_set.raw.location, deployment.clients.s3
    landed = list_landed(s3, location, window)
    if has_landed_from(s3, location, ceil_hour(window.end)):
        until = window.end
    else:
        until = max(landed, default=window.start - HOUR) + HOUR
    # Hours close one after the other, so that the last ones are the only ones that can be open.
    while until > window.start:
        last = ceil_hour(until) - HOUR
        if is_closed(s3, location, last, now):
            break
        until = last
    return LandedRaw(
        hours={hour: volume for hour, volume in landed.items() if hour < until},
        until=LandedUntil(instant=until),
    )


def has_landed_after(deployment: Deployment, dates: Slice, now: datetime) -> bool:
    """Return whether the arrival hours that a build of some dates waits for are complete.

    They are those up to `build_after` the last date: the first minutes of the hour that follows it
    bring its last events. An hour is complete when a later one has begun to land, or when it is
    long over. Dates of the past are not waited for.
    """
    location, s3 = deployment.data_set.raw.location, deployment.clients.s3
    last = last_awaited(deployment.data_set, dates)
    if now >= last + deployment.data_set.limits.arrival_timeout + PAST:
        return True
    return has_landed_from(s3, location, last) and is_closed(s3, location, last, now)


def last_awaited(data_set: DataSet, dates: Slice) -> datetime:
    """Return the last arrival hour that must be complete before dates are built."""
    return ceil_hour(dates.end + data_set.events.build_after) - HOUR


def check_still_there(deployment: Deployment, window: ArrivalWindow) -> None:
    """See that the raw events that a slice was planned on have neither expired nor been archived.

    Raises:
        RunError: they have; what was published of them would be taken for empty.
    """
    location, s3 = deployment.data_set.raw.location, deployment.clients.s3
    list_landed(s3, location, window)
    first = first_landed(s3, location)
    if first is None or first > window.start:
        raise RunError(
            f"the slice was planned on what landed from {window.start:%Y-%m-%d %H}:00 UTC on, "
            f"and under {location} the first arrival hour is now "
            f"{f'{first:%Y-%m-%d %H}:00 UTC' if first else 'missing'}; clear the run to plan again "
            "from what is left"
        )


def has_landed_from(s3: S3Client, location: str, hour: datetime) -> bool:
    """Return whether anything has landed in this arrival hour or a later one."""
    return first_landed(s3, location, hour) is not None


def first_landed(s3: S3Client, location: str, hour: datetime | None = None) -> datetime | None:
    """Return the first arrival hour that is there, or the first from an hour on, or None."""
    after = arrival_path(hour).rstrip("/") if hour else "year="
    for path, entry in aws.list_entries(s3, location, after=after, page_size=100):
        # Tools put empty objects where they see folders.
        if entry["Size"] and (found := arrival_hour_in_path(path)):
            return found
    return None


def list_landed(s3: S3Client, location: str, window: ArrivalWindow) -> dict[datetime, LandedHour]:
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
                    f"{location}{path} has the storage class {entry['StorageClass']}, which "
                    "Athena skips; copy what is archived back to STANDARD, or build "
                    "dates whose raw events are not archived"
                )
            sizes[hour].append(entry["Size"])
    return {
        hour: LandedHour(objects=len(sizes[hour]), size=sum(sizes[hour])) for hour in sorted(sizes)
    }


def is_closed(s3: S3Client, location: str, hour: datetime, now: datetime) -> bool:
    """Return whether an arrival hour no longer grows: followed by another, or long over.

    Statements of one slice read raw one after the other; in an hour that is still landing they
    would see different events, and the counts could not reconcile.
    """
    if now >= hour + HOUR + SETTLING:
        return True
    return now >= hour + HOUR + BUFFERING and has_landed_from(s3, location, hour + HOUR)
