"""Airflow and local_aws for the end-to-end tests: one of each for the session.

Every test has a catalog database and a published bucket of its own; the runs are real ones, and
what they published is read back through the Athena API.
"""

import pytest

from demo.landing import land_records
from tests.end_to_end.events import CRAWLER, HOUR, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline, new_pipeline


@pytest.fixture
def pipeline(aws, airflow: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty account: a bucket, a database and a work group."""
    return new_pipeline(aws, airflow, monkeypatch)


@pytest.fixture
def traffic(pipeline: Pipeline) -> Pipeline:
    """Three hours of the day, one point, and an arrival after the day."""
    for hour in range(3):
        records = [event(60 * hour + minute) for minute in range(0, 60, 5)]
        land_records(pipeline.s3, pipeline.name, PREFIX, records, MIDNIGHT + hour * HOUR)
    last = event(24 * 60 + 1)
    land_records(pipeline.s3, pipeline.name, PREFIX, [last], MIDNIGHT + 24 * HOUR)
    pipeline.crawl_from(CRAWLER, pipeline.name, PREFIX)
    return pipeline
