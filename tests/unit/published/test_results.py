"""What goes from task to task is plain JSON, and comes back as it was."""

import json
from datetime import date

import pytest

from retime.published.results import Audited, Generation, LateBeyond, Published, Staged
from tests.unit.published.slice_results import COUNTS, published

GENERATION = Generation(id="20240329t000102z_1a2b3c4d", fingerprint="0123456789abcdef")
VALUES = [
    GENERATION,
    Staged(generation=GENERATION, query_id="query-1", scanned_bytes=7),
    Audited(
        generation="a",
        quarantine_generation="b",
        rows={(2024, 3, 28, 7): 3, (2024, 3, 28, 8): 4},
        events={(2024, 3, 28, 7): 5, (2024, 3, 28, 8): 4},
        quarantined={(2024, 3, 28): 1},
        late_beyond=(LateBeyond(arrived=date(2024, 3, 28), happened=date(2024, 3, 20), events=2),),
        counts=COUNTS,
        scanned_bytes=9,
    ),
    published("2024-03-28"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_survives_the_way_from_task_to_task(
    value: Generation | Staged | Audited | Published,
):
    assert type(value).from_json(json.loads(json.dumps(value.to_json()))) == value
