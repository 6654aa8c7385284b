"""A DAG of somebody else's, which runs once for each event date that changed or is settled."""

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, get_current_context, task

DATES = Asset("x-retime://healed/dates")


@dag(schedule=PartitionedAssetTimetable(assets=DATES))
def reads_healed() -> None:
    @task
    def read() -> str:
        return str(get_current_context()["dag_run"].partition_key)

    read()


reads_healed()
