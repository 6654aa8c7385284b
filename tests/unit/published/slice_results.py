"""Results of slices, as publications return them."""

from dataclasses import fields

from retime.published.results import Counts, PartitionCounts, Published
from tests.unit.samples import days

COUNTS = Counts(
    read=100,
    published_from=55,
    duplicates=5,
    filtered=20,
    quarantined=3,
    too_late=2,
    outside=15,
    late=8,
    arrived=85,
    rows=35,
)
NO_COUNTS = Counts(**{field.name: 0 for field in fields(Counts)})

CREATED = PartitionCounts(created=24, current=24)


def published(
    date: str,
    partitions: PartitionCounts = CREATED,
    *,
    generation: str = "g",
    counts: Counts = COUNTS,
    scanned_bytes: int = 4_000,
) -> Published:
    """What came of a slice of one date."""
    return Published(
        slice_=days(date),
        generation=generation,
        counts=counts,
        late_beyond=(),
        partitions=partitions,
        stage_scanned_bytes=1_500,
        scanned_bytes=scanned_bytes,
    )
