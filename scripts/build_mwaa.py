"""Build what Amazon MWAA deploys: `python3 scripts/build_mwaa.py <folder that is not there yet>`.

The same files give the same bytes, wherever and by whichever Python they are built.
"""

import io
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
DEPLOYED = (".py", ".sql", ".yaml", ".html")
# Airflow's API server has no dags folder on its path, and on MWAA perhaps none at all.
PAGE_PACKAGE = PurePosixPath("retime_page_package", "retime")
# The earliest time that a zip file can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o644
UNIX = 3


def main(arguments: list[str]) -> int:
    """Build into the folder that is named; exit code 1 with a sentence when it cannot."""
    if len(arguments) != 1:
        print("usage: build_mwaa.py <folder to build>", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    if target.exists():
        print(f"{target} is there already; remove it, or name another folder", file=sys.stderr)
        return 1
    for path, content in build(ROOT).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # It keeps the time of now: `aws s3 sync` skips a file that is older than its object.
        file.write_bytes(content)
        file.chmod(FILE_MODE)
    print(f"built {target}")
    return 0


def build(root: Path) -> dict[PurePosixPath, bytes]:
    """Return the files to deploy from a checkout, by their paths."""
    dags, mwaa = PurePosixPath("dags"), root / "mwaa"
    # MWAA deploys the dags folder only, so what the DAGs read lies inside it.
    files = {
        **{dags / path: content for path, content in _read(root / "dags")},
        **{dags / "include" / path: content for path, content in _read(root / "include")},
        **{dags / p.name: p.read_bytes() for p in sorted(mwaa.glob("constraints-*.txt"))},
        PurePosixPath("requirements.txt"): (mwaa / "requirements.txt").read_bytes(),
    }
    package = {PAGE_PACKAGE / path: content for path, content in _read(root / "dags" / "retime")}
    plugins = {**dict(_read(root / "plugins")), **package}
    files[PurePosixPath("plugins.zip")] = _zip(dict(sorted(plugins.items())))
    return files


def _read(folder: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the files to deploy, in order; not caches, nor what editors leave."""
    for file in sorted(folder.rglob("*")):
        path = PurePosixPath(file.relative_to(folder).as_posix())
        is_hidden = any(part.startswith(".") for part in path.parts)
        if file.name == ".airflowignore" or (file.suffix in DEPLOYED and not is_hidden):
            yield path, file.read_bytes()


def _zip(files: Mapping[PurePosixPath, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for path, content in files.items():
            entry = zipfile.ZipInfo(str(path), date_time=EPOCH)
            entry.external_attr, entry.create_system = FILE_MODE << 16, UNIX
            # Not compressed: that would depend on the version of zlib.
            opened.writestr(entry, content)
    return archive.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
