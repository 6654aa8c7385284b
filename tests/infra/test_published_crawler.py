"""The crawler over a published table, as the template makes it and permits Airflow to use it."""

import pytest

from tests.airflow_home import sleep_briefly
from tests.end_to_end.events import DAY
from tests.end_to_end.plain_tables import CRAWLED, CRAWLER, crawl, give_layout
from tests.infra.account import Account, land_hour, run_traffic


@pytest.fixture
def crawled(aws, tmp_path, monkeypatch) -> Account:
    """An account with a crawler over the table `plain`, which is of layout hive."""
    give_layout(tmp_path, CRAWLED)
    path = tmp_path / "datasets" / "plain.yaml"
    path.write_text(path.read_text().replace("retime_traffic_raw", "retime_plain_raw"))
    sleep_briefly(monkeypatch)
    names = {"CrawlerName": "retime_plain_raw", "PublishedCrawlerName": CRAWLER}
    return Account.deploy(aws, **names, PublishedPrefix="plain/")


def test_a_run_publishes_plain_objects_and_crawls_leave_its_partitions_as_they_are(
    crawled, airflow, enforced, tmp_path
) -> None:
    for hour in (0, 25):
        land_hour(crawled, hour)

    with crawled.as_role(crawled.name, airflow | {"RETIME_INCLUDE": str(tmp_path)}) as (_, checks):
        run = run_traffic(DAY, data_set="plain")

    assert run.state == "success", run.states
    assert run.states["wait_for_published_crawl", -1] == "success"
    assert {check.decision for check in checks} == {"allowed"}
    location = f"s3://{crawled.outputs['RetimePublishedBucket']}/plain/year=2024/month=3/"
    (path,) = crawled.rows('SELECT DISTINCT "$path" FROM plain')
    assert path[0].startswith(f"{location}day=29/hour=0/")

    before = crawled.partitions("plain")
    rows = {values[3]: int(found["Parameters"]["retime.rows"]) for values, found in before.items()}
    assert rows == {str(hour): 6 if hour == 0 else 0 for hour in range(24)}
    crawl(crawled.client("glue"))
    assert crawled.partitions("plain") == before
