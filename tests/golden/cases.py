"""Golden cases: a folder each, read into the values that production code takes.

    parameters.yaml   data set, dates, what has landed, format and key types of the raw table
    given.yaml        raw records with the hour they arrived in; a time is epoch seconds in the raw
    expected.yaml     counts, published rows, quarantined records, those beyond the max lateness,
                      and the late events that are found once all that is given has landed

Every case is executed. The statements of two of them are also compared with a text, see
test_rendered_sql.py.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.dataset.reader import load_data_set
from retime.planning.healing import search_of
from retime.published.search import Search
from retime.raw.table import RawTable
from retime.statements import rendering as sql
from retime.statements.late import Stretch, arrivals_of, stretches_of
from retime.statements.late import _step as step_of
from retime.statements.rendering import SliceSource
from tests.unit.published.builds import a_ledger
from tests.unit.samples import ROOT, raw_table, with_grain

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/parameters.yaml"))
STAGING, QUARANTINE = "traffic__golden", "traffic_quarantine__golden"
DEFAULTS = {
    "tijd_laatst_gewijzigd": "2024-03-28T08:02:00+01:00",
    "defect": 0,
    "rekendata_bezettingsgraad": 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `given` are raw records, or lines, by arrival hour.

    `search` is what is searched for late events once the slice is built, and all raw has landed.
    """

    folder: Path
    source: SliceSource
    search: Search
    is_json: bool
    given: Mapping[datetime, list[dict[str, Any] | str]]
    expected: Mapping[str, Any]

    def statements(self, database: str = "db") -> dict[str, str]:
        """The statements of the slice, by the names of the files that hold their texts."""
        staging, quarantine = f'"{database}"."{STAGING}"', f'"{database}"."{QUARANTINE}"'
        source = replace(self.source, raw=replace(self.source.raw, database=database))
        return {
            "stage.sql": sql.render_stage(source, staging),
            "misfits.sql": sql.render_misfits(source),
            "quarantine.sql": sql.render_quarantine(source, quarantine),
            "audit.sql": sql.render_audit(source, staging, quarantine),
            "find_late.sql": sql.render_find_late(
                sql.any_source(source.data_set, source.raw),
                windows=arrivals_of(self.search, self.source.data_set.raw.period),
                stretches=self.stretches,
                step=step_of(self.look_back),
            ),
            "count_rows.sql": sql.render_count_rows(source, staging),
        }

    @property
    def look_back(self) -> int:
        """The look-back of the data set, in seconds."""
        return int(self.source.data_set.events.look_back.total_seconds())

    @property
    def stretches(self) -> list[Stretch]:
        """The partitions of the search as the statement has them."""
        period = self.source.data_set.raw.period
        return stretches_of(self.search, self.source.slice_, self.look_back, period)


def read_case(folder: Path) -> Case:
    """Read the case in a folder."""
    parameters = yaml.safe_load((folder / "parameters.yaml").read_text())
    data_set = load_data_set(ROOT / "include" / "datasets" / f"{parameters.pop('data_set')}.yaml")
    zone = ZoneInfo(parameters.pop("timezone", data_set.zone.key))
    first, last = parameters.pop("first_date"), parameters.pop("last_date")
    searched_before = parameters.pop("searched_before", None)
    landed_before, raw = parameters.pop("landed_before"), parameters.pop("raw")
    data_set = with_grain(data_set, parameters.pop("grain", data_set.published.grain))
    data_set = replace(data_set, zone=zone, **{"parameters": data_set.parameters, **parameters})
    slice_ = Slice(first_date=first, last_date=last, zone=zone)
    window = data_set.window_of(slice_)
    is_json = raw["format"] == "json"
    source = SliceSource(
        data_set=data_set,
        raw=raw_table(key_type=raw["keys"], is_json=is_json),
        slice_=slice_,
        window=ArrivalWindow(start=window.start, end=min(window.end, landed_before)),
    )
    return Case(
        folder=folder,
        is_json=is_json,
        given=_given(folder, is_json=is_json),
        expected=yaml.safe_load((folder / "expected.yaml").read_text()),
        source=source,
        search=_search_after(source, searched_before or landed_before),
    )


def json_lines(records: list[dict[str, Any] | str]) -> bytes:
    """Records as they land in the JSON-lines landing."""
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    return "".join(f"{line}\n" for line in lines).encode()


def parquet_columns(raw: RawTable, records: list[dict[str, Any] | str]) -> dict[str, list[Any]]:
    """Records as columns of the Parquet landing."""
    rows = [record for record in records if isinstance(record, dict)]
    return {column: [row.get(column) for row in rows] for column in raw.columns}


def epoch(value: Any) -> Any:
    """A time as epoch seconds; other values as they are."""
    if isinstance(value, datetime):
        return int(value.astimezone(timezone.utc).timestamp())
    return value


def _search_after(source: SliceSource, before: datetime) -> Search:
    """What is still to be searched of a slice, by arrival, once all that it can get has landed."""
    searched = ArrivalWindow(start=source.window.start, end=before)
    read = {
        partition: window.intersect(searched)
        for partition, window in source.data_set.windows_of(source.slice_).items()
    }
    ledgers = {partition: a_ledger(built=window) for partition, window in read.items()}
    until = source.data_set.window_of(source.slice_).end
    return search_of(source.data_set, ledgers, until, source.window.start)


def _given(folder: Path, *, is_json: bool) -> Mapping[datetime, list[dict[str, Any] | str]]:
    records: dict[datetime, list[dict[str, Any] | str]] = defaultdict(list)
    for entry in yaml.safe_load((folder / "given.yaml").read_text()):
        arrived = datetime.strptime(entry.pop("arrived"), "%Y-%m-%dT%H")
        record = entry.get("line") or {k: epoch(v) for k, v in {**DEFAULTS, **entry}.items()}
        if is_json and isinstance(record, dict):
            record = {k: str(v) if isinstance(v, int) else v for k, v in record.items()}
        records[arrived.replace(tzinfo=timezone.utc)].append(record)
    return records
