"""Ranges of dates for property tests, in zones that change their clocks in every way."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from retime.calendar.slices import Slice

# Ordinary ones, changes of half an hour, offsets of 30 and 45 minutes, and midnights that the
# clock skips or repeats.
ZONES = [
    "UTC",
    "Europe/Brussels",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Nuuk",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
dates = st.dates(min_value=date(2012, 1, 1), max_value=date(2037, 12, 31))
grains = st.sampled_from(["hour", "day"])


@st.composite
def ranges(draw, max_days: int = 400) -> Slice:
    """Up to so many dates, in any of the zones."""
    first = draw(dates)
    length = draw(st.integers(min_value=0, max_value=max_days - 1))
    return Slice(first_date=first, last_date=first + timedelta(days=length), zone=draw(zones))
