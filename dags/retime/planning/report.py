"""What a run planned and did, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.errors import RunError
from retime.planning.plan import Plan, PlannedSlice
from retime.planning.request import RunRequest
from retime.published.ledger import Ledger
from retime.published.results import Published
from retime.published.rollback import Changed, Reversal

_KINDS = ("read", "published_from", "duplicates", "filtered", "quarantined", "too_late", "outside")


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDates:
    """What was known of late events when a run was planned.

    `waiting` are the late events by date, of which the run builds the dates `healed` again, and
    leaves the others to a later run. The search for them scanned `scanned_bytes`.
    """

    waiting: Mapping[date, int]
    healed: tuple[date, ...]
    scanned_bytes: int

    @property
    def left(self) -> dict[date, int]:
        """The late events that still wait after the run."""
        return {day: n for day, n in self.waiting.items() if day not in self.healed}

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to the report."""
        healed = [str(day) for day in self.healed]
        waiting = _by_text(self.waiting)
        return {"waiting": waiting, "healed": healed, "scanned_bytes": self.scanned_bytes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LateDates:
        """Return what `to_json` made a plain value of."""
        return cls(
            waiting={date.fromisoformat(day): n for day, n in value["waiting"].items()},
            healed=tuple(date.fromisoformat(day) for day in value["healed"]),
            scanned_bytes=value["scanned_bytes"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did: totals over its slices, and the dates that something became of.

    `settled` became complete for good. `late_beyond` are the events that arrived on the run's dates
    later than the max lateness, by the date they happened: nothing builds them in. `remarks` are
    about the raw events.
    """

    totals: Mapping[str, int]
    late: LateDates
    settled: tuple[date, ...]
    late_beyond: Mapping[date, int]
    changed: tuple[Changed, ...]
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that `report` returns."""
        return {
            **self.totals,
            "healed": [str(day) for day in self.late.healed],
            "late_left": _by_text(self.late.left),
            "settled": [str(day) for day in self.settled],
            "late_beyond": _by_text(self.late_beyond),
            "changed": [each.to_json() for each in self.changed],
            "remarks": list(self.remarks),
        }

    def metrics(self, name: str) -> dict[str, int]:
        """Return what is counted of a run, by the names of its metrics."""
        return {
            f"retime.{name}.{metric}": count
            for metric, count in (
                ("rows", self.totals["rows"]),
                ("scanned_bytes", self.totals["scanned_bytes"]),
                ("quarantined", self.totals["quarantined"]),
                ("late", sum(self.late.waiting.values())),
                ("late_beyond", sum(self.late_beyond.values())),
                ("healed_dates", len(self.late.healed)),
                ("settled_dates", len(self.settled)),
            )
        }


def results_of(
    planned: Sequence[PlannedSlice], published: Iterable[Published]
) -> dict[Slice, Published]:
    """Return what came of the planned slices that are published, in the order of the plan.

    A cleared run may leave results of slices that are no longer planned, or older results of one
    slice; current ones come first, and win.
    """
    first = {each.slice_: each for each in reversed(list(published))}
    return {plan.slice_: first[plan.slice_] for plan in planned if plan.slice_ in first}


def check_complete(planned: Sequence[PlannedSlice], results: Mapping[Slice, Published]) -> None:
    """See that every planned slice is published.

    Raises:
        RunError: some are not, so the run must not look green.
    """
    missing = [str(plan.slice_) for plan in planned if plan.slice_ not in results]
    if missing:
        raise RunError(
            f"{len(missing)} of {len(planned)} slices were not published: {', '.join(missing)}; "
            "see their tasks, fix the cause and clear them"
        )


def sum_up(
    planned: Sequence[PlannedSlice], results: Mapping[Slice, Published], late: LateDates
) -> dict[str, int]:
    """Return the totals of a run over its published slices, and of its search for late events."""
    published = list(results.values())
    return {
        "slices": len(published),
        **{n: sum(getattr(r.counts, n) for r in published) for n in (*_KINDS, "late", "rows")},
        "stage_scanned_bytes": sum(result.stage_scanned_bytes for result in published),
        "search_scanned_bytes": late.scanned_bytes,
        "scanned_bytes": late.scanned_bytes + sum(r.scanned_bytes for r in published),
        "raw_bytes": sum(plan.raw_bytes for plan in planned if plan.slice_ in results),
    }


def describe_plan(request: RunRequest, plan: Plan, late: LateDates, location: str) -> str:
    """Return the plan of a run, a line for each slice or date of it."""
    if request.action == "unpin":
        return f"{request.dates}: to unpin what is rolled back"
    if request.action == "rollback":
        return describe_rollback(request.dates, plan.reversals)
    return describe_build(request, plan.slices, late, location)


def describe_build(
    request: RunRequest, planned: Sequence[PlannedSlice], late: LateDates, location: str
) -> str:
    """Return what a run is to build, a line a slice and a line for each late date.

    Args:
        request: what is asked for.
        planned: the slices.
        late: dates with late events.
        location: where raw events land.
    """
    dates = request.dates
    lines = [f"{dates}: {len(planned)} slices to build"]
    lines += [
        f"  {plan.slice_}: arrivals {plan.window.start:%Y-%m-%d %H}:00 to "
        f"{plan.window.end:%Y-%m-%d %H}:00 UTC, {plan.raw_objects} objects, "
        f"{format_bytes(plan.raw_bytes)}, at most ${plan.max_cost_usd:.4f}"
        for plan in planned
    ]
    if not planned:
        is_none = f"no date is {request.only}" if request.only else "no raw events of these dates"
        lines.append(f"  nothing to build: {is_none}; raw events are read from {location}")
    lines += [
        f"  {day}: {events} late events, {'built again' if day in late.healed else 'left for now'}"
        for day, events in late.waiting.items()
    ]
    return "\n".join(lines)


def beyond_of(results: Iterable[Published], dates: Slice) -> dict[date, int]:
    """Return the events that arrived on some dates later than the max lateness, by event date."""
    found: dict[date, int] = {}
    for result in results:
        for each in result.late_beyond:
            if dates.first_date <= each.arrived <= dates.last_date:
                found[each.happened] = found.get(each.happened, 0) + each.events
    return dict(sorted(found.items()))


def describe_rollback(dates: Slice, reversals: Mapping[Partition, Reversal]) -> str:
    """Return the plan of a rollback: the rows of each date, now and before."""
    lines = [f"{dates}: to point back at what was published before"]
    for day in dates.dates:
        of_day = [each for p, each in reversals.items() if date(*p[:3]) == day]
        rows = [sum(each.ledger.rows for each in of_day), sum(e.previous.rows for e in of_day)]
        generations = sorted({each.previous.generation for each in of_day})
        lines.append(f"  {day}: {rows[0]} rows now, {rows[1]} before ({', '.join(generations)})")
    return "\n".join(lines)


def describe_run(data_set: DataSet, results: Mapping[Slice, Published], done: RunReport) -> str:
    """Return what a run did, a line a slice and the totals."""
    totals = done.totals
    lines = [f"{data_set.name}: {totals['slices']} slices published"]
    lines += [
        f"  {slice_}: {result.counts.rows} rows, {result.partitions.created} partitions created, "
        f"{result.partitions.updated} updated, {result.partitions.kept} kept, "
        f"generation {result.generation}"
        for slice_, result in results.items()
    ]
    lines.append("  " + describe_totals(totals).replace("\n", "\n  "))
    lines += [f"  {line}" for line in describe_dates(data_set, done.to_json())]
    return "\n".join(lines)


def describe_dates(data_set: DataSet, done: Mapping[str, Any]) -> list[str]:
    """Return what became of dates in a run, a line each kind; `done` is the report's JSON."""
    hours = data_set.events.max_lateness.total_seconds() / 3600
    beyond = (
        f"arrived more than {hours:g} hours late and are in no date (raise "
        "events.max_lateness_hours, then build these dates again)"
    )
    kinds = (
        ("built again for late events", ", ".join(done["healed"])),
        ("late events left to a later run", _pairs(done["late_left"])),
        ("settled", ", ".join(done["settled"])),
        (beyond, _pairs(done["late_beyond"])),
    )
    changed = [
        f"{each.action} of {each.slice_}: {each.partitions} partitions changed"
        for each in map(Changed.from_json, done["changed"])
    ]
    told = (f"{kind}: {what}" for kind, what in kinds if what)
    return [*changed, *told, *(f"raw events: {remark}" for remark in done.get("remarks", ()))]


def describe_totals(totals: Mapping[str, int]) -> str:
    """Return the totals of a run: what became of the events, and what was scanned."""
    parts = " + ".join(f"{totals[kind]} {kind.replace('_', ' ')}" for kind in _KINDS[1:])
    scanned, staging, raw = (
        format_bytes(totals[name]) for name in ("scanned_bytes", "stage_scanned_bytes", "raw_bytes")
    )
    return (
        f"{totals['rows']} rows in {totals['slices']} slices\n"
        f"{totals['read']} events read = {parts}; {totals['late']} were late\n"
        f"{scanned} scanned, staging {staging}, of {raw} raw"
    )


def current_slices(results: Mapping[Slice, Published]) -> dict[Slice, Published]:
    """Return the slices of which partitions are what a run published, rather than kept ones."""
    return {slice_: result for slice_, result in results.items() if result.partitions.current}


def describe_update(
    results: Mapping[Slice, Published], ledgers: Iterable[Ledger], done: Mapping[str, Any]
) -> dict[str, Any]:
    """Return which dates of a table have become which generations, and what of them is there.

    Args:
        results: what was published.
        ledgers: of the partitions of those slices, as they are; other runs may have made some.
        done: the report's JSON.
    """
    generations = [result.generation for result in results.values()]
    ours = [ledger for ledger in ledgers if ledger.generation in generations]
    changed = [Changed.from_json(each) for each in done["changed"]]
    back = {day for each in changed if each.action == "rollback" for day in each.slice_.dates}
    built = {day for slice_ in results for day in slice_.dates}
    return {
        "dates": sorted(map(str, built | back)),
        "settled": done["settled"],
        "late_beyond": done["late_beyond"],
        "rows": sum(ledger.rows for ledger in ours),
        "bytes": sum(ledger.bytes for ledger in ours),
        "generations": generations,
    }


def _by_text(values: Mapping[date, int]) -> dict[str, int]:
    return {str(day): number for day, number in values.items()}


def _pairs(values: Mapping[str, int]) -> str:
    return ", ".join(f"{day} {number}" for day, number in values.items())


def format_bytes(size: float) -> str:
    """Return a size for people: 512 B, 1.5 kB, 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
