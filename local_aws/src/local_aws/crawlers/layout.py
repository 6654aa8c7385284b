"""From the folders that hold data to tables and partitions, as a crawler groups them. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate

from local_aws.crawlers.schema import FileSchema, are_similar
from local_aws.seam import StoredObject

Path = tuple[str, ...]
"""The folders from the bucket down: ("raw", "year=2026")."""

_KEY_VALUE = re.compile(r"([^=]+)=(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that holds data files itself."""

    path: Path
    objects: tuple[StoredObject, ...]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(stored.size for stored in self.objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """A folder that is a table; `folders` are its partitions, or itself when it has no keys."""

    root: Path
    keys: tuple[str, ...]
    folders: tuple[Folder, ...]


def data_folders(
    objects: Iterable[StoredObject], exclusions: Sequence[str], base: str
) -> list[Folder]:
    """The folders with data under `base` (a prefix that ends in "/" or is empty).

    Empty files do not count, nor does what is below a name that begins with "_" or ".", nor what
    an exclusion covers: a glob relative to `base`, in which `*` stays within a folder and `**`
    does not.
    """
    patterns = [_glob(exclusion) for exclusion in exclusions]
    found: dict[Path, list[StoredObject]] = {}
    for stored in objects:
        inside = stored.key[len(base) :]
        parts = inside.split("/")
        is_hidden = any(part.startswith(("_", ".")) for part in parts)
        is_excluded = any(pattern.fullmatch(inside) for pattern in patterns)
        if stored.size and parts[-1] and not is_hidden and not is_excluded:
            found.setdefault(tuple(stored.key.split("/")[:-1]), []).append(stored)
    return [Folder(path=path, objects=tuple(held)) for path, held in sorted(found.items())]


def _glob(exclusion: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/?|\*|\?|\{[^}]*\}|\[[^\]]*\])", exclusion)
    return re.compile("".join(_glob_part(part) for part in parts))


def _glob_part(part: str) -> str:
    if part.startswith("**"):
        return ".*"
    if part in {"*", "?"}:
        return "[^/]*" if part == "*" else "[^/]"
    if part.startswith("{"):
        return f"(?:{'|'.join(re.escape(choice) for choice in part[1:-1].split(','))})"
    return translate(part)[4:-3] if part.startswith("[") else re.escape(part)


def group_tables(
    folders: Sequence[Folder],
    schemas: dict[Path, FileSchema],
    root: Path,
    *,
    combine_compatible: bool = False,
    level: int | None = None,
) -> list[FoundTable]:
    """Cut the folders below `root` into tables.

    Folders of one depth and one kind of schema are the partitions of one table; else each folder
    one level down is looked at by itself.

    Args:
        folders: folders with data, all below `root` or it itself.
        schemas: what the sampled folders hold; the others are taken for like them.
        root: the folder to start at.
        combine_compatible: one format is enough, however the columns differ.
        level: the depth of tables, the bucket being 1; None to find out.
    """
    if not folders:
        return []
    if all(folder.path == root for folder in folders):
        return [FoundTable(root=root, keys=(), folders=tuple(folders))]
    if level is not None and len(root) + 1 < level:
        return _descend(folders, schemas, root, combine_compatible=combine_compatible, level=level)
    keys = _keys(folders, root)
    kinds = list(dict.fromkeys(schemas[f.path] for f in folders if f.path in schemas))
    if keys is not None and (
        level is not None or _are_one_kind(kinds, combine_compatible=combine_compatible)
    ):
        return [FoundTable(root=root, keys=keys, folders=tuple(folders))]
    return _descend(folders, schemas, root, combine_compatible=combine_compatible, level=level)


def _descend(
    folders: Sequence[Folder],
    schemas: dict[Path, FileSchema],
    root: Path,
    *,
    combine_compatible: bool,
    level: int | None,
) -> list[FoundTable]:
    children: dict[Path, list[Folder]] = {}
    for folder in folders:
        children.setdefault(folder.path[: len(root) + 1], []).append(folder)
    return [
        table
        for child, held in children.items()
        for table in group_tables(
            held, schemas, child, combine_compatible=combine_compatible, level=level
        )
    ]


def _are_one_kind(kinds: Sequence[FileSchema], *, combine_compatible: bool) -> bool:
    if combine_compatible:
        return len({(kind.classification, kind.compression) for kind in kinds}) <= 1
    return all(are_similar(kinds[0], kind) for kind in kinds[1:])


def _keys(folders: Sequence[Folder], root: Path) -> tuple[str, ...] | None:
    """The partition keys of the folders below `root`; None when they do not agree."""
    found = {tuple(map(_key_name, folder.path[len(root) :])) for folder in folders}
    if len({len(names) for names in found}) != 1:
        return None
    if len(found) > 1 and any(name for names in found for name in names):
        return None  # key=value folders of different keys
    return tuple(name or f"partition_{n}" for n, name in enumerate(found.pop()))


def _key_name(part: str) -> str:
    match = _KEY_VALUE.fullmatch(part)
    return column_name(match[1]) if match else ""


def partition_values(table: FoundTable, folder: Folder) -> list[str]:
    """The values of a partition, as they are written: '07' stays '07'."""
    parts = folder.path[len(table.root) :]
    return [match[2] if (match := _KEY_VALUE.fullmatch(part)) else part for part in parts]


def column_name(text: str) -> str:
    """A name Athena takes: lower case, letters, digits and `_`, at most 128 of them."""
    return re.sub(r"[^a-z0-9_]", "_", text.lower())[:128]
