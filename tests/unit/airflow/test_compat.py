"""What is done otherwise on Airflow 2, as far as it needs no Airflow 2 to be seen."""

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from retime.airflow import compat
from retime.errors import RequestError


class PlanOfTwo:
    """The part of a task instance that looks up results."""

    def xcom_pull(self, *, task_ids: str) -> list[dict[str, str]]:
        assert task_ids == "plan"
        return [{"first_date": "2024-03-28"}, {"first_date": "2024-04-01"}]


def test_a_slice_that_is_given_by_its_number_looks_itself_up():
    context = {"ti": PlanOfTwo()}
    assert compat.planned_of(1, context) == {"first_date": "2024-04-01"}
    assert compat.planned_of({"first_date": "2024-03-28"}, {}) == {"first_date": "2024-03-28"}


def test_a_slice_that_is_not_in_the_plan_is_skipped():
    with pytest.raises(AirflowSkipException, match="slice 2 is not in the plan of 2"):
        compat.planned_of(2, {"ti": PlanOfTwo()})


def test_more_slices_than_a_run_of_airflow_2_has_are_refused(monkeypatch):
    monkeypatch.setattr(compat, "AIRFLOW_V_3_0_PLUS", False)
    with pytest.raises(RequestError, match="9 slices, more than the 8 of a run of Airflow 2"):
        compat.skip_unplanned(compat.SLICES_OF_A_RUN + 1, {})
