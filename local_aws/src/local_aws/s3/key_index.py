"""The objects of a bucket by key, with the keys kept in order."""

from bisect import bisect_left, insort
from typing import Any

from moto.s3.utils import _VersionedKeyStore


class KeyIndex(_VersionedKeyStore):
    """moto's map from a key to its versions, and a sorted list of the keys beside it.

    A listing then costs what it returns, not what the bucket holds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __setitem__(self, name: str, version: Any) -> None:
        self._add(name)
        super().__setitem__(name, version)

    def setlist(self, name: str, versions: Any) -> None:
        """Replace the versions of a key."""
        self._add(name)
        super().setlist(name, versions)

    def pop(self, name: str) -> None:
        """Drop a key with all its versions; raises KeyError when there is none."""
        super().pop(name)
        del self.names[bisect_left(self.names, name)]

    def span(self, prefix: str, after: str = "") -> range:
        """The positions in `names` of the keys that begin with `prefix`, come after `after`."""
        start = bisect_left(self.names, prefix)
        if after >= prefix:
            start = max(start, bisect_left(self.names, after + "\0"))
        return range(start, bisect_left(self.names, prefix + "\U0010ffff"))

    def __reduce__(self) -> Any:
        return _restore, ({name: self.getlist(name) for name in self.names},)

    def _add(self, name: str) -> None:
        if name not in self:
            insort(self.names, name)


def _restore(versions: dict[str, Any]) -> KeyIndex:
    index = KeyIndex()
    for name, list_ in versions.items():
        dict.__setitem__(index, name, list_)
    index.names = sorted(versions)
    return index
