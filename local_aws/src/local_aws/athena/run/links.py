"""Links to objects, under directories that carry what DuckDB has as constants of each file."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote as url_quote

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def link_files(
    base: Path, files: Sequence[tuple[Path, tuple[str, ...]]], *, by_file: bool, suffix: str
) -> list[str]:
    """Link files under directories that carry their partition values.

    DuckDB then has the values as constants of each file, which costs nothing per row. A link, not
    a copy or a hard link: a file that is deleted under a running query has to be missed.

    Args:
        base: a directory that is made.
        files: paths, and the partition values of each.
        by_file: is the file's number, from 1, to be a value too?
        suffix: of the links.
    """
    made: dict[tuple[str, ...], Path] = {}
    paths = []
    for number, (path, values) in enumerate(files, 1):
        folder = made.get(values)
        if folder is None:
            parts = [f"__p{index}={_encode(value)}" for index, value in enumerate(values)]
            folder = made[values] = base.joinpath(*parts)
            folder.mkdir(parents=True, exist_ok=True)
        if by_file:
            folder = folder / f"__f={number}"
            folder.mkdir()
        link = folder / f"{number}{suffix}"
        link.symlink_to(path.absolute())
        paths.append(str(link))
    return paths


def hive_options(width: int, *, by_file: bool) -> tuple[list[str], str]:
    """The names of those values, and the options of DuckDB's readers that tell them."""
    names = [f"__p{index}" for index in range(width)] + (["__f"] if by_file else [])
    if not names:
        return names, ""
    typed = ", ".join(f"'{name}': VARCHAR" for name in names)
    return names, f", hive_partitioning = true, hive_types = {{{typed}}}"


def _encode(value: str) -> str:
    return value if value == DEFAULT_PARTITION else url_quote(value, safe="")
