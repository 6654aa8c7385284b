"""Are the lines of raw JSON one object each? Athena reads the first object of a line alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from retime.dataset.model import Raw
from retime.errors import RunError
from retime.raw.landed import LandedHour
from retime.raw.samples import Sample, read_sample

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 8
_MOST = 100


def check_lines(s3: S3Client, raw: Raw, landed: Mapping[datetime, LandedHour]) -> None:
    """See that no line of raw JSON has more than one object, by a sample of each arrival hour.

    Athena reads the first object of a line, drops the others without a word, and counts would
    reconcile. Of more than 100 hours some are left out.

    Raises:
        RunError: a line has more; names its object and shows it.
    """
    for path, sample in _samples(s3, raw, landed):
        if sample.joined:
            raise RunError(
                f"a line of {raw.location}{path} has more than one JSON object, of which Athena "
                f"reads the first alone: {sample.joined}; let the producer end each record with a "
                "newline, or Firehose (AppendDelimiterToRecord), and write what has landed anew"
            )


def describe_blank_lines(
    s3: S3Client, raw: Raw, landed: Mapping[datetime, LandedHour]
) -> str | None:
    """Return what is to be done about blank lines among raw JSON; None if a sample has none.

    Athena reads a blank line as a record without fields.
    """
    for path, sample in _samples(s3, raw, landed):
        if sample.blank:
            return (
                f"{sample.blank} of the first {sample.lines} lines of {raw.location}{path} are "
                "blank, which Athena reads as records without fields: end each record with one "
                "newline, the producer's or Firehose's (AppendDelimiterToRecord), not both"
            )
    return None


def _samples(
    s3: S3Client, raw: Raw, landed: Mapping[datetime, LandedHour]
) -> Iterable[tuple[str, Sample]]:
    hours = sorted(landed)
    chosen = [landed[hour].last for hour in hours[:: max(1, -(-len(hours) // _MOST))]]

    def read(last: tuple[str, int]) -> Sample:
        # Not the records: of a hundred samples they take as many megabytes.
        return replace(read_sample(s3, raw.location, *last), records=())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(zip((path for path, _ in chosen), pool.map(read, chosen), strict=True))
