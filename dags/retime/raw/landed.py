"""What of the raw data has landed on S3, by arrival hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retime.calendar.arrival_hours import HOUR, ArrivalWindow, ceil_arrival
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet, Raw
from retime.errors import RunError
from retime.raw.folders import Arrival, Strays, first_arrivals, list_arrivals

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
    """How much landed in one arrival hour.

    Attributes:
        objects: how many.
        size: of all, in bytes.
        folders: that they lie in, below the raw location.
        last: path and size of the last of them by name, below the raw location.
    """

    objects: int
    size: int
    folders: frozenset[str]
    last: tuple[str, int] = ("", 0)


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
    """The arrival hours of a window that landed and no longer grow, and how far that is.

    `strays` are what was seen besides that lies in no folder of the data set's.
    """

    hours: Mapping[datetime, LandedHour]
    until: LandedUntil
    strays: Strays = field(default_factory=Strays)

    def before(self, until: LandedUntil) -> LandedRaw:
        """Return what landed before an instant."""
        end = min(self.until.instant, until.instant)
        return replace(
            self,
            hours={hour: volume for hour, volume in self.hours.items() if hour < end},
            until=LandedUntil(instant=end),
        )


def read_landed(deployment: Deployment, window: ArrivalWindow, now: datetime) -> LandedRaw:
    """Return what landed in a window and no longer grows.

    Raises:
        RunError: some of it is archived.
    """
    raw, s3 = deployment.data_set.raw, deployment.clients.s3
    strays = Strays()
    landed = list_landed(s3, raw, window, strays)
    if has_landed_from(s3, raw, ceil_arrival(window.end, raw.period)):
        until = window.end
    else:
        until = max(landed, default=window.start - raw.period) + raw.period
    # Hours close one after the other, so that the last ones are the only ones that can be open.
    while until > window.start:
        last = ceil_arrival(until, raw.period) - raw.period
        if is_closed(s3, raw, last, now):
            break
        until = last
    return LandedRaw(
        hours={hour: volume for hour, volume in landed.items() if hour < until},
        until=LandedUntil(instant=until),
        strays=strays,
    )


def has_landed_after(deployment: Deployment, dates: Slice, now: datetime) -> bool:
    """Return whether the arrival hours that a build of some dates waits for are complete.

    They are those up to `build_after` the last date: the first minutes of the hour that follows it
    bring its last events. An hour is complete when a later one has begun to land, or when it is
    long over. Dates of the past are not waited for.
    """
    raw, s3 = deployment.data_set.raw, deployment.clients.s3
    last = last_awaited(deployment.data_set, dates)
    if now >= last + raw.period - HOUR + deployment.data_set.limits.arrival_timeout + PAST:
        return True
    return has_landed_from(s3, raw, last) and is_closed(s3, raw, last, now)


def last_awaited(data_set: DataSet, dates: Slice) -> datetime:
    """Return the last arrival hour that must be complete before dates are built."""
    period = data_set.raw.period
    return ceil_arrival(dates.end + data_set.events.build_after, period) - period


def check_folders(s3: S3Client, raw: Raw) -> None:
    """See that raw events lie in the folders that the data set says, if there are any.

    Raises:
        RunError: there are, and all lie elsewhere.
    """
    strays = Strays()
    if first_landed(s3, raw, strays=strays) is None and strays.paths:
        raise RunError(
            f"under {raw.location} nothing lies in folders as {raw.partitioning.pattern}/, but "
            f"there is {strays.paths[0]}; say in raw.partitions how the folders are laid out, or "
            "fix raw.location"
        )


def check_still_there(deployment: Deployment, window: ArrivalWindow) -> dict[datetime, LandedHour]:
    """See that the raw events that a slice was planned on have neither expired nor been archived.

    Returns:
        What is there.

    Raises:
        RunError: they have; what was published of them would be taken for empty.
    """
    raw, s3 = deployment.data_set.raw, deployment.clients.s3
    landed = list_landed(s3, raw, window)
    first = first_landed(s3, raw)
    if first is None or first > window.start:
        raise RunError(
            f"the slice was planned on what landed from {window.start:%Y-%m-%d %H}:00 UTC on, "
            f"and under {raw.location} the first arrival hour is now "
            f"{f'{first:%Y-%m-%d %H}:00 UTC' if first else 'missing'}; clear the run to plan again "
            "from what is left"
        )
    return landed


def has_landed_from(s3: S3Client, raw: Raw, hour: datetime) -> bool:
    """Return whether anything has landed in this arrival hour or a later one."""
    return next(first_arrivals(s3, raw, hour), None) is not None


def first_landed(s3: S3Client, raw: Raw, *, strays: Strays | None = None) -> datetime | None:
    """Return the first arrival hour that is there, or None."""
    return min(first_arrivals(s3, raw, None, strays), default=None)


def list_landed(
    s3: S3Client, raw: Raw, window: ArrivalWindow, strays: Strays | None = None
) -> dict[datetime, LandedHour]:
    """Return what has landed in each arrival hour of a window, but for hours without objects.

    Args:
        s3: the client.
        raw: where raw events are.
        window: the arrival hours.
        strays: gets what is seen that lies in no folder of the data set's.

    Raises:
        RunError: some of it is archived, which would be taken for empty.
    """
    found: dict[datetime, list[Arrival]] = defaultdict(list)
    for each in list_arrivals(s3, raw, window, strays):
        if each.entry.get("StorageClass") in ARCHIVED:
            raise RunError(
                f"{raw.location}{each.path} has the storage class {each.entry['StorageClass']}, "
                "which Athena skips; copy what is archived back to STANDARD, or build dates whose "
                "raw events are not archived"
            )
        found[each.hour].append(each)
    return {hour: _landed_hour(found[hour]) for hour in sorted(found)}


def _landed_hour(arrivals: list[Arrival]) -> LandedHour:
    last = max(arrivals, key=lambda each: each.path)
    return LandedHour(
        objects=len(arrivals),
        size=sum(each.entry["Size"] for each in arrivals),
        folders=frozenset(each.folder for each in arrivals),
        last=(last.path, last.entry["Size"]),
    )


def is_closed(s3: S3Client, raw: Raw, hour: datetime, now: datetime) -> bool:
    """Return whether an arrival hour no longer grows: followed by another, or long over.

    Statements of one slice read raw one after the other; in an hour that is still landing they
    would see different events, and the counts could not reconcile.
    """
    end = hour + raw.period
    if now >= end + SETTLING:
        return True
    return now >= end + BUFFERING and has_landed_from(s3, raw, end)
