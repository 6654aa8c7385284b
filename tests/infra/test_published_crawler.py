"""The crawler over a published table, as the template makes it and permits Airflow to use it."""

import pytest

from demo.landing import land_records
from tests.airflow_home import sleep_briefly
from tests.end_to_end.test_changes import event
from tests.end_to_end.test_plain_layout import CRAWLED, CRAWLER, give_layout
from tests.infra.account import Account, run_traffic
from tests.infra.test_permissions import DAY, HOUR, MIDNIGHT, PREFIX


@pytest.fixture
def crawled(aws, tmp_path, monkeypatch) -> Account:
    """An account with a crawler over the table `plain`, which is of layout hive."""
    give_layout(tmp_path, CRAWLED)
    path = tmp_path / "datasets" / "plain.yaml"
    path.write_text(path.read_text().replace("retime_traffic_raw", "retime_plain_raw"))
    sleep_briefly(monkeypatch)
    names = {"CrawlerName": "retime_plain_raw", "PublishedCrawlerName": CRAWLER}
    return Account.deploy(aws, **names, PublishedPrefix="plain/")


def test_a_run_publishes_plain_objects_and_crawls_them_under_the_policy(
    crawled, airflow, enforced, tmp_path
) -> None:
    bucket = crawled.outputs["RetimeRawBucket"]
    for hour in (0, 25):
        records = [event(60 * hour + minute) for minute in range(0, 60, 10)]
        land_records(crawled.client("s3"), bucket, PREFIX, records, MIDNIGHT + hour * HOUR, "gz")

    with crawled.as_role(crawled.name, airflow | {"RETIME_INCLUDE": str(tmp_path)}) as (_, checks):
        run = run_traffic(DAY, data_set="plain")

    assert run.state == "success", run.states
    assert run.states["wait_for_published_crawl", -1] == "success"
    assert {check.decision for check in checks} == {"allowed"}
    location = f"s3://{crawled.outputs['RetimePublishedBucket']}/plain/year=2024/month=3/"
    (path,) = crawled.rows('SELECT DISTINCT "$path" FROM plain')
    assert path[0].startswith(f"{location}day=29/hour=0/")
