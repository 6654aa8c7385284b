"""What a run planned and did, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retime.calendar.slices import Slice
from retime.errors import RunError
from retime.planning.plan import PlannedSlice
from retime.published.ledger import Ledger
from retime.published.results import Published

_KINDS = ("read", "published_from", "duplicates", "filtered", "quarantined", "too_late", "outside")


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


def sum_up(planned: Sequence[PlannedSlice], results: Mapping[Slice, Published]) -> dict[str, int]:
    """Return the totals of a run over its published slices."""
    published = list(results.values())
    return {
        "slices": len(published),
        **{n: sum(getattr(r.counts, n) for r in published) for n in (*_KINDS, "late", "rows")},
        "stage_scanned_bytes": sum(result.stage_scanned_bytes for result in published),
        "scanned_bytes": sum(result.scanned_bytes for result in published),
        "raw_bytes": sum(plan.raw_bytes for plan in planned if plan.slice_ in results),
    }


def describe_plan(dates: Slice, planned: Sequence[PlannedSlice]) -> str:
    """Return the plan of a run, a line a slice."""
    lines = [f"{dates}: {len(planned)} slices to build"]
    lines += [
        f"  {plan.slice_}: arrivals {plan.window.start:%Y-%m-%d %H}:00 to "
        f"{plan.window.end:%Y-%m-%d %H}:00 UTC, {plan.raw_objects} objects, "
        f"{format_bytes(plan.raw_bytes)}, at most ${plan.max_cost_usd:.4f}"
        for plan in planned
    ]
    if not planned:
        lines.append("  no raw events have landed for these dates: nothing is changed")
    return "\n".join(lines)


def describe_run(name: str, results: Mapping[Slice, Published], totals: Mapping[str, int]) -> str:
    """Return what a run did, a line a slice and the totals."""
    lines = [f"{name}: {totals['slices']} slices published"]
    lines += [
        f"  {slice_}: {result.counts.rows} rows, {result.partitions.created} partitions created, "
        f"{result.partitions.updated} updated, {result.partitions.kept} kept, "
        f"generation {result.generation}"
        for slice_, result in results.items()
    ]
    lines.append("  " + describe_totals(totals).replace("\n", "\n  "))
    return "\n".join(lines)


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
    results: Mapping[Slice, Published], ledgers: Iterable[Ledger]
) -> dict[str, Any]:
    """Return which dates of a table have become which generations, and what of them is there.

    Args:
        results: what was published.
        ledgers: of the partitions of those slices, as they are; other runs may have made some.
    """
    generations = [result.generation for result in results.values()]
    ours = [ledger for ledger in ledgers if ledger.generation in generations]
    return {
        "dates": sorted({str(day) for slice_ in results for day in slice_.dates}),
        "rows": sum(ledger.rows for ledger in ours),
        "bytes": sum(ledger.bytes for ledger in ours),
        "generations": generations,
    }


def format_bytes(size: float) -> str:
    """Return a size for people: 512 B, 1.5 kB, 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
