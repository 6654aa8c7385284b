"""Generations: every attempt writes to a place of its own, whose name tells its age."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.published.generations import (
    generation_location,
    generation_of_folder,
    generation_of_staging_table,
    generation_time,
    new_generation,
    staging_table_name,
)
from tests.unit.samples import utc

GENERATION = "20240329t000102z_1a2b3c4d"
NO_GENERATIONS = ["", "20240329t000102z", "20240329T000102Z_1a2b3c4d", "x" + GENERATION]

instants = st.datetimes(
    min_value=datetime(1970, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.just(timezone.utc),
)


def test_a_generation_is_the_time_and_a_token():
    assert (
        new_generation(datetime(2024, 3, 29, 0, 1, 2, tzinfo=timezone.utc), "1a2b3c4d")
        == GENERATION
    )


def test_a_generation_has_the_time_of_utc():
    local = datetime(2024, 3, 29, 2, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert new_generation(local, "1a2b3c4d") == GENERATION


@given(instants)
def test_a_generation_tells_its_time_to_the_second(instant):
    assert generation_time(new_generation(instant, "00000000")) == instant.replace(microsecond=0)


@given(instants, instants)
def test_generations_sort_by_age(one, other):
    early, late = sorted((one, other))
    if early.replace(microsecond=0) < late.replace(microsecond=0):
        assert new_generation(early, "ffffffff") < new_generation(late, "00000000")


@pytest.mark.parametrize("token", ["", "1a2b3c4", "1a2b3c4d5", "1A2B3C4D", "wxyzwxyz"])
def test_a_token_that_is_not_8_hexadecimal_digits_is_refused(token):
    with pytest.raises(ValueError, match=f"'{token}' is not 8 hexadecimal digits"):
        new_generation(utc(2024, 3, 29), token)


@pytest.mark.parametrize("text", NO_GENERATIONS)
def test_what_is_no_generation_has_no_time(text):
    with pytest.raises(ValueError, match="is no generation; they look like"):
        generation_time(text)


def test_a_generation_s_location_lies_in_its_table_s_and_leads_back():
    location = generation_location("s3://b/traffic/", GENERATION)
    assert location == f"s3://b/traffic/v={GENERATION}/"
    assert generation_of_folder(location.split("/")[-2]) == GENERATION


@pytest.mark.parametrize("generation", NO_GENERATIONS)
def test_other_folders_are_no_generation_s(generation):
    assert generation_of_folder(f"v={generation}") is None
    assert generation_of_folder(GENERATION) is None
    assert generation_of_folder("year=2024") is None


def test_a_staging_table_leads_back_to_its_generation():
    name = staging_table_name("traffic", GENERATION)
    assert name == f"traffic__{GENERATION}"
    assert generation_of_staging_table("traffic", name) == GENERATION


@pytest.mark.parametrize(
    "name",
    [
        GENERATION,
        f"__{GENERATION}",
        "traffic",
        "traffic__notes",
        f"traffic_quarantine__{GENERATION}",
        f"traffic__traffic__{GENERATION}",
    ],
)
def test_a_table_of_another_name_is_no_staging_table(name):
    assert generation_of_staging_table("traffic", name) is None
