"""Are data sets fit to run? What can be said of them before anything is deployed, without AWS."""

import os
from collections.abc import Iterable
from pathlib import Path

from retime.dataset.model import DataSet
from retime.dataset.reader import DataSets, load_data_sets
from retime.errors import DataSetError
from retime.raw.table import RawTable
from retime.statements import rendering


class _AnyColumns(dict[str, str]):
    """The columns of a raw table that nobody has seen: whatever a template names is there."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> str:
        return "string"


def include_folders() -> list[Path]:
    """Return where data sets are: beside the package's SQL, and in RETIME_INCLUDE (like PATH)."""
    more = os.environ.get("RETIME_INCLUDE", "").split(os.pathsep)
    own = rendering.package_sql().parent
    # A package that pip installed has its SQL, and no data sets.
    folders = [own] if (own / "datasets").is_dir() else []
    return [*folders, *(Path(folder) for folder in more if folder)]


def check_data_sets(includes: Iterable[Path]) -> DataSets:
    """Return the data sets of include folders that can run, and what is wrong with the others.

    As `load_data_sets` does; and each statement can be rendered.
    """
    found = load_data_sets(includes)
    right, wrong = [], list(found.wrong)
    for data_set in found.right:
        try:
            check_templates(data_set)
            right.append(data_set)
        except DataSetError as error:  # noqa: PERF203
            wrong.append(error)
        except OSError as error:
            wrong.append(DataSetError(f"{data_set.sql}: cannot be read; fix the file: {error}"))
    return DataSets(right=tuple(right), wrong=tuple(wrong))


def check_templates(data_set: DataSet) -> None:
    """See that every statement of a data set can be rendered.

    Raises:
        DataSetError: a template is wrong; names the file, the line and the cause.
    """
    raw = RawTable(
        database="database",
        name=data_set.raw.table,
        columns=_AnyColumns(),
        partitioning=data_set.raw.partitioning,
        is_json=False,
    )
    for path in sorted(data_set.sql.rglob("*.sql")):
        if path.is_file():
            _check_readable(path)
    source = rendering.any_source(data_set, raw)
    rendering.render_stage(source, "staging")
    rendering.render_quarantine(source, "quarantine")
    rendering.render_misfits(source)
    rendering.render_find_late(source, windows=(), stretches=(), step=1)
    rendering.render_audit(source, "staging", "quarantine")


def _check_readable(path: Path) -> None:
    # Jinja would name the template that includes it.
    try:
        path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(f"{path}: cannot be read; fix the file: {error}") from error
