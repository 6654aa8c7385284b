"""What a run planned and did, in words and numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retime.calendar.slices import Slice
from retime.planning.plan import PlannedSlice
from retime.published.ledger import Ledger

_KINDS = ("read", "published_from", "duplicates", "filtered", "quarantined", "too_late", "outside")


def sum_up(published: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the totals of a run over its published slices."""
    names = [*_KINDS, "late", "rows"]
    return {
        "slices": len(published),
        **{name: sum(result["counts"][name] for result in published) for name in names},
        "stage_scanned_bytes": sum(result["stage_scanned_bytes"] for result in published),
        "scanned_bytes": sum(result["scanned_bytes"] for result in published),
        "raw_bytes": sum(result["raw_bytes"] for result in published),
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


def describe_run(
    name: str, published: Sequence[Mapping[str, Any]], totals: Mapping[str, Any]
) -> str:
    """Return what a run did, a line a slice and the totals."""
    lines = [f"{name}: {totals['slices']} slices published"]
    lines += [
        f"  {result['slice']}: {result['counts']['rows']} rows, partitions {result['partitions']}, "
        f"generation {result['generation']}"
        for result in published
    ]
    lines.append("  " + describe_totals(totals).replace("\n", "\n  "))
    return "\n".join(lines)


def describe_totals(totals: Mapping[str, Any]) -> str:
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


def describe_update(
    slices: Sequence[Slice], generations: Sequence[str], ledgers: Iterable[Ledger]
) -> dict[str, Any]:
    """Return which dates of a table have become which generations, and what of them is there.

    Args:
        slices: what was published.
        generations: of those slices, in the same order.
        ledgers: of the partitions of those dates, as they are; other runs may have made some.
    """
    ours = [ledger for ledger in ledgers if ledger.generation in generations]
    return {
        "dates": sorted({str(day) for slice_ in slices for day in slice_.dates}),
        "rows": sum(ledger.rows for ledger in ours),
        "bytes": sum(ledger.bytes for ledger in ours),
        "generations": list(generations),
    }


def format_bytes(size: float) -> str:
    """Return a size for people: 512 B, 1.5 kB, 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
