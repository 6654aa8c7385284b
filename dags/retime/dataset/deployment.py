"""A data set in an environment: what a task makes once, where it begins, and passes on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from retime.aws import Clients
from retime.dataset.model import DataSet, overlap, overlaps_location
from retime.dataset.settings import Settings
from retime.errors import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Clients, catalog and work group, and the data set with its locations in this environment.

    Raises:
        SettingError: two of the locations overlap. Two settings can name one bucket, which the
            YAML file does not show.
    """

    clients: Clients
    database: str
    workgroup: str
    data_set: DataSet

    def __post_init__(self) -> None:
        """Refuse to publish among raw events, or two tables at one place."""
        raw, tables = self.data_set.raw.location, self.data_set.tables
        for table in tables:
            if overlaps_location(table, raw):
                raise SettingError(
                    f"{table.name} at {table.location} overlaps the raw events at {raw}; set "
                    "another published_bucket, or give the data set other locations"
                )
        if overlap(*tables):
            raise SettingError(
                f"{tables[0].name} at {tables[0].location} overlaps {tables[1].name} at "
                f"{tables[1].location}; set other buckets, or give the data set other locations"
            )


def deploy(
    data_set: DataSet, settings: Settings, clients: Clients, resolve: Callable[[str], str]
) -> Deployment:
    """Return a data set in an environment; `resolve` fills the settings into a location.

    Raises:
        SettingError: a setting is missing, or two locations overlap.
    """
    resolved = replace(
        data_set,
        raw=replace(data_set.raw, location=resolve(data_set.raw.location)),
        published=replace(data_set.published, location=resolve(data_set.published.location)),
        quarantine=replace(data_set.quarantine, location=resolve(data_set.quarantine.location)),
    )
    return Deployment(
        clients=clients,
        database=settings.database,
        workgroup=settings.workgroup,
        data_set=resolved,
    )
