"""The scheduled run of a date builds earlier dates with it that have late events."""

from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.parcels import MONTH, YESTERDAY, land, late_parcel, parcels_of

HEALED = DATA_SETS["healed"]
READER = "reads_healed"
BEFORE = MONTH[-2]
# Hours of the two dates' parcels, the late one's too, that have rows.
PARCELS = [*parcels_of(BEFORE), *parcels_of(YESTERDAY), late_parcel(BEFORE)]


def test_a_scheduled_run_heals_and_starts_a_run_of_each_date_that_changed(api, warehouse) -> None:
    """It waits for arrivals at first, while a manual run builds the date before."""
    account, dag_id = warehouse.account, HEALED.dag_id
    api.wait_for_dags([READER])
    api.set_paused(READER, is_paused=False)
    land(account.s3, account.name, [BEFORE], "healed_raw/")
    api.set_paused(dag_id, is_paused=False)
    api.wait_for_run(dag_id, api.trigger(dag_id, start_date=str(BEFORE)))
    assert len(warehouse.rows("healed")) == len(parcels_of(BEFORE))

    late = [late_parcel(BEFORE)]
    land(account.s3, account.name, [YESTERDAY], "healed_raw/", late=late)

    scheduled = next(r for r in api.wait_for_runs(dag_id, 2) if r["run_type"] == "scheduled")
    report = api.returned(dag_id, scheduled["dag_run_id"], "report")
    assert report["healed"] == [str(BEFORE)]
    assert report["slices"] == 1
    assert {row[0] for row in warehouse.rows("healed")} == {p["parcel"] for p in PARCELS}
    readers = api.wait_for_runs(READER, 3)
    read = [api.returned(READER, run["dag_run_id"], "read") for run in readers]
    # The manual run's date, and both of the scheduled run.
    assert sorted(read) == [str(BEFORE), str(BEFORE), str(YESTERDAY)]
