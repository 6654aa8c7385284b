"""A table's partitions in the order of their values, so that a page costs what it returns."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any

from moto.glue.models import FakePartition, FakeTable

from local_aws.seam import Values

Verdict = Callable[[Values], bool | None]
"""What the first values of a partition decide: it is wanted, it is not, or None: not yet."""

_SHARED = 16


class PartitionIndex(dict[str, FakePartition]):
    """moto's map of a table's partitions, with a sorted list of their values beside it."""

    def __init__(self, partitions: dict[str, FakePartition]) -> None:
        super().__init__(partitions)
        self._order: list[Values] = sorted(tuple(one.values) for one in self.values())
        self._shared: list[Any] = []

    def __setitem__(self, key: str, partition: FakePartition) -> None:
        if key not in self:
            insort(self._order, tuple(partition.values))
        super().__setitem__(key, partition)

    def __delitem__(self, key: str) -> None:
        del self._order[bisect_left(self._order, tuple(self[key].values))]
        super().__delitem__(key)

    def __reduce__(self) -> Any:
        # Written and read in two thirds of the time that the partitions themselves take.
        return _restore, ([vars(one) for one in self.values()],)

    def find(self, values: Values) -> FakePartition | None:
        """The partition of these values."""
        return self.get(str(list(values)))

    def matching(self, wanted: Verdict, after: Values | None = None) -> Iterator[Values]:
        """The values of the partitions that are wanted and come after some values, in order.

        Partitions that begin with the same values are decided upon, and skipped, together.
        """
        position = bisect_right(self._order, after) if after is not None else 0
        while position < len(self._order):
            values = self._order[position]
            verdict, decided = _decide(wanted, values)
            is_whole = len(decided) == len(values)
            end = position + 1 if is_whole else self._end(decided, position)
            if verdict:
                for at in range(position, end):
                    yield self._order[at]
            position = end

    def next_values(self, first: Values) -> Iterator[Values]:
        """The values of partitions, cut off one behind `first`, which they begin with."""
        position = bisect_left(self._order, first)
        end = self._end(first, position)
        while position < end:
            values = self._order[position][: len(first) + 1]
            yield values
            # One with fewer values than the table has keys stands for itself alone.
            is_short = len(values) == len(first)
            position = position + 1 if is_short else self._end(values, position)

    def shared(self, value: Any) -> Any:
        """The value, as one object for all partitions that have the same, such as columns."""
        for known in self._shared:
            if known == value:
                return known
        self._shared = [value, *self._shared[: _SHARED - 1]]
        return value

    def _end(self, first: Values, position: int) -> int:
        """Where those that begin with `first` end; from `position` on they do."""
        if not first:
            return len(self._order)
        return bisect_left(self._order, (*first[:-1], first[-1] + "\0"), position)


def _restore(members: list[dict[str, Any]]) -> PartitionIndex:
    partitions = {}
    for given in members:
        partition = object.__new__(FakePartition)
        partition.__dict__ = given
        partitions[str(partition.values)] = partition
    return PartitionIndex(partitions)


def _decide(wanted: Verdict, values: Values) -> tuple[bool, Values]:
    """Whether the values are wanted, and how many of them, from the first, decide so."""
    for length in range(len(values)):
        verdict = wanted(values[:length])
        if verdict is not None:
            return verdict, values[:length]
    return bool(wanted(values)), values


def index_of(table: FakeTable) -> PartitionIndex:
    """The partitions of a table."""
    if not isinstance(table.partitions, PartitionIndex):
        table.partitions = PartitionIndex(table.partitions)
    return table.partitions
