"""Generations: each attempt to build a slice writes to a place that no other attempt uses."""

import re
from datetime import datetime, timezone

GENERATION = r"\d{8}t\d{6}z_[0-9a-f]{8}"
"""What every id of a generation matches."""

_ID = re.compile(GENERATION)
_FOLDER = re.compile(rf"v=({GENERATION})")


def new_generation(now: datetime, token: str) -> str:
    """Return the id of a new generation: the time, so that ids sort by age, and 8 random hex."""
    generation = f"{now.astimezone(timezone.utc):%Y%m%dt%H%M%Sz}_{token}"
    if not _ID.fullmatch(generation):
        raise ValueError(f"the token {token!r} is not 8 hexadecimal digits")
    return generation


def generation_time(generation: str) -> datetime:
    """Return when a generation was begun, in UTC."""
    if not _ID.fullmatch(generation):
        raise ValueError(
            f"{generation!r} is no generation; they look like 20240329t000102z_1a2b3c4d"
        )
    return datetime.strptime(generation[:16], "%Y%m%dt%H%M%Sz").replace(tzinfo=timezone.utc)


def generation_location(table_location: str, generation: str) -> str:
    """Return where a generation of a table is, for example `s3://bucket/traffic/v=<generation>/`."""
    return f"{table_location}v={generation}/"


def generation_of_folder(folder: str) -> str | None:
    """Return the generation that a folder is named after, or None if it is of none."""
    match = _FOLDER.fullmatch(folder)
    return match[1] if match else None


def staging_table_name(table: str, generation: str) -> str:
    """Return the name of the staging table of a generation."""
    return f"{table}__{generation}"


def generation_of_staging_table(table: str, name: str) -> str | None:
    """Return the generation of a staging table of `table`, or None if the name is another's."""
    generation = name.removeprefix(f"{table}__")
    return generation if name != generation and _ID.fullmatch(generation) else None
