"""A DAG of somebody else's, which the published table starts."""

from typing import Any

from airflow.providers.common.compat.sdk import Asset, dag, get_current_context, task

TABLE = Asset("x-retime://told")


@dag(schedule=[TABLE])
def reads_told() -> None:
    @task
    def read() -> list[Any]:
        events = get_current_context()["triggering_asset_events"][TABLE]
        return [event.extra for event in events]

    read()


reads_told()
