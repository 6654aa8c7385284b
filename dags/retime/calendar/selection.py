"""Selections: the values of partition keys that name a stretch of time, and no other time."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from retime.calendar.partitioning import ANY, Key, Partition, Partitioning
from retime.quoting import quote_literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A partition key and its values: all that there are from the first to the last."""

    key: Key
    values: tuple[str, ...]

    @property
    def is_range(self) -> bool:
        """Whether no other value lies between the first and the last."""
        return self.key.is_padded or not self.key.is_text


Term = tuple[Condition, ...]
"""Conditions that hold together."""


def select(partitioning: Partitioning, partitions: Sequence[Partition]) -> list[Term]:
    """Return terms of which each partition of a stretch of time fits one, and no other partition.

    Args:
        partitioning: of the table; keys that may have any value are left out.
        partitions: hours, or dates where partitions are of a date; in order, without a gap.
    """
    keys = tuple(key for key in partitioning.keys if key.format != ANY)
    return _select(keys, partitions, 0) if partitions else []


def catalog_expression(terms: Sequence[Term], *, is_canonical: bool) -> str:
    """Return an expression of GetPartitions that selects what fits one of the terms.

    Args:
        terms: the terms; of none, the expression selects everything.
        is_canonical: whether numbers are written as numbers are. Else more is selected: Glue may
            compare texts, and tools leave 05 as the value of a number.
    """
    texts: dict[str, None] = {}
    for term in terms:
        conditions = [
            each
            for each in term
            if is_canonical or each.key.is_text or each.key.format.startswith("%Y")
        ]
        texts[" AND ".join(map(_catalog_condition, conditions))] = None
    if "" in texts:
        return ""
    return next(iter(texts)) if len(texts) == 1 else " OR ".join(f"({text})" for text in texts)


def _catalog_condition(condition: Condition) -> str:
    literals = [literal(condition.key, value) for value in condition.values]
    return compare(condition.key.name, literals, is_range=condition.is_range)


def literal(key: Key, value: str) -> str:
    """Return a value of a key as the catalog's expressions have it: in quotes, but for numbers."""
    return quote_literal(value) if key.is_text or key.type == "date" else str(int(value))


def compare(name: str, literals: Sequence[str], *, is_range: bool) -> str:
    """Return the comparison of a key with literals: with one, with a range, or with each."""
    if len(literals) == 1:
        return f"{name} = {literals[0]}"
    if is_range:
        return f"{name} BETWEEN {literals[0]} AND {literals[-1]}"
    return f"{name} IN ({', '.join(literals)})"


def _select(keys: tuple[Key, ...], partitions: Sequence[Partition], depth: int) -> list[Term]:
    """Select by keys of which the units before `depth` are the same in all partitions."""
    if not keys:
        return [()]
    key, others = keys[0], keys[1:]
    below = depth + len(key.units)
    terms: list[Term] = []
    whole: list[str] = []

    def end_range() -> None:
        if whole:
            terms.append((Condition(key=key, values=tuple(whole)), *_literals(others)))
            whole.clear()

    for units, group in groupby(partitions, key=lambda partition: partition[:below]):
        inside = list(group)
        value = key.text(inside[0])
        if len(inside) == _count(units, len(inside[0])):
            whole.append(value)
            continue
        end_range()
        condition = Condition(key=key, values=(value,))
        terms += [(condition, *term) for term in _select(others, inside, below)]
    end_range()
    return terms


def _literals(keys: tuple[Key, ...]) -> list[Condition]:
    return [Condition(key=key, values=(key.format,)) for key in keys if not key.units]


def _count(units: Partition, size: int) -> int:
    """How many partitions of `size` units begin with some units."""
    if len(units) == size:
        return 1
    hours = 24 if size == 4 else 1
    if not units:
        return 0  # more than there can be
    if len(units) == 1:
        return (366 if isleap(units[0]) else 365) * hours
    return monthrange(units[0], units[1])[1] * hours if len(units) == 2 else hours
