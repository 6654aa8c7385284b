"""Read a YAML mapping key by key, so that an error names file, key, value and remedy."""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from retime.errors import DataSetError

T = TypeVar("T")
_REQUIRED: Any = object()
_MAX_BYTES = 100_000
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200
_SHORT.maxdict = _SHORT.maxlist = 100


@dataclass(slots=True, kw_only=True)
class Section:
    """One mapping of a YAML file; `key` is the dotted way to it, '' for the whole file."""

    path: Path
    key: str
    values: Mapping[str, Any]
    taken: set[str] = field(default_factory=set)

    def take(self, key: str, read: Callable[[Any], T], allowed: str, default: Any = _REQUIRED) -> T:
        """Return a key's value as `read` makes it; `allowed` says in words what `read` takes.

        Raises:
            DataSetError: the key is missing and has no default, or `read` refused its value.
        """
        self.taken.add(key)
        if key not in self.values:
            if default is _REQUIRED:
                raise self.error(key, "is missing", f"add it: {allowed}")
            value: T = default
            return value
        try:
            return read(self.values[key])
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            given = _SHORT.repr(self.values[key])
            raise self.error(key, f"is {given}", f"give {allowed}") from error

    def section(self, key: str, *, optional: bool = False) -> "Section":
        """Return the mapping under a key; an empty one where it is optional and missing."""
        values = self.take(key, _mapping, "a mapping", default={} if optional else _REQUIRED)
        return Section(path=self.path, key=self._dotted(key), values=values)

    def finish(self) -> None:
        """Refuse keys that nothing asked for: a misspelt key would be a setting without effect.

        Raises:
            DataSetError: there are such keys.
        """
        for key in self.values:
            if key not in self.taken:
                known = ", ".join(sorted(self.taken))
                raise self.error(str(key), "is not known here", f"remove it, or use one of {known}")

    def error(self, key: str, problem: str, remedy: str) -> DataSetError:
        """Return the error for a key of this section."""
        return DataSetError(f"{self.path}: {self._dotted(key)} {problem}; {remedy}")

    def _dotted(self, key: str) -> str:
        return f"{self.key}.{key}" if self.key else key


class _Loader(yaml.SafeLoader):
    """Refuses a key that comes twice, and aliases.

    YAML forbids the first, and PyYAML lets the last one win. An alias can make a value of gigabytes
    of a file of 500 bytes, and no data set needs one.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                problem = f"the key {key.value!r} comes twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias; write out its value", mark)
        return super().compose_node(parent, index)

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """Leave a date that does not exist as text: the key that it is the value of is refused."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            return self.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def read_file(path: Path) -> Section:
    """Return a YAML file's mapping.

    Raises:
        DataSetError: the file is not YAML, or is not a mapping.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise DataSetError(f"{path}: is larger than {_MAX_BYTES} bytes; name a data set's file")
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
        raise DataSetError(f"{path}: is not YAML; fix it: {error}") from error
    except RecursionError as error:
        raise DataSetError(f"{path}: is nested too deeply; write a value flat") from error
    if not isinstance(values, dict):
        raise DataSetError(f"{path}: holds no mapping; begin with `name: <name of the data set>`")
    return Section(path=path, key="", values=values)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value
