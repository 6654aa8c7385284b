"""A real Trino server on loopback that reads and writes through local_aws.

As a command, with local_aws running at that URL:

    python local_aws/trino/trino_server.py --endpoint http://127.0.0.1:4566 --port 8080

In a test:

    with TrinoServer(endpoint=local_aws.endpoint) as trino:
        ...  # trino.url takes Trino's HTTP protocol; the catalog is awsdatacatalog

Needs a JDK and Maven. The first start downloads Trino from Maven Central into ~/.m2, 365 MB.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TARGET = FOLDER / "target"
CATALOG = FOLDER / "awsdatacatalog.properties"

OLDEST_JDK = 24
"""Trino 476 is compiled for it."""

_JVM_OPTIONS = (
    "-Xmx2g",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Duser.timezone=UTC",  # the zone of timestamps in Parquet, ORC and text files
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


class TrinoError(Exception):
    """Trino cannot be built or started."""


class TrinoServer:
    """A running Trino, as a context manager.

    Args:
        endpoint: the URL of local_aws.
        port: port to listen on, on 127.0.0.1; 0 takes a free one.
        region: region of the Glue catalog.
        access_key: access key that Trino signs its requests with.
        secret_key: its secret.
        patience_seconds: how long a start may take after the build.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        port: int = 0,
        region: str = "us-east-1",
        access_key: str = "local",
        secret_key: str = "local",  # noqa: S107 - local_aws takes any
        patience_seconds: float = 300,
    ) -> None:
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._port = port
        self._patience_seconds = patience_seconds
        self._environment = {
            "LOCAL_AWS_ENDPOINT": endpoint,
            "LOCAL_AWS_REGION": region,
            "LOCAL_AWS_ACCESS_KEY": access_key,
            "LOCAL_AWS_SECRET_KEY": secret_key,
        }

    def __enter__(self) -> "TrinoServer":
        jdk = find_jdk(jdk_homes())
        classpath = build(jdk)
        self._scratch = Path(tempfile.mkdtemp(prefix="local-aws-trino-"))
        try:
            self._launch(jdk, classpath)
            self._await_url()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether the process of Trino is alive."""
        return self._process is not None and self._process.poll() is None

    def log_tail(self, lines: int = 30) -> str:
        """The last lines that Trino logged."""
        text = (self._scratch / "log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _launch(self, jdk: Path, classpath: str) -> None:
        data, url_file = self._scratch / "data", self._scratch / "url"
        data.mkdir()
        options = [*_JVM_OPTIONS, f"-Djava.io.tmpdir={self._scratch}", "-cp", classpath]
        arguments = [str(self._port), str(CATALOG), str(data), str(url_file)]
        with (self._scratch / "log").open("wb") as log:
            # The pipe ends with this process, however it dies, and Trino with the pipe.
            self._process = subprocess.Popen(  # noqa: S603 - our own server
                [str(jdk / "bin" / "java"), *options, "Server", *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
            )

    def _await_url(self) -> None:
        deadline = time.monotonic() + self._patience_seconds
        url_file = self._scratch / "url"
        while not url_file.exists():
            if not self.is_running():
                raise TrinoError(
                    f"Trino stopped before it was ready; its log ends:\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise TrinoError(
                    f"Trino was not ready after {self._patience_seconds:.0f} seconds;"
                    f" its log ends:\n{self.log_tail()}"
                )
            time.sleep(0.1)
        self.url = url_file.read_text().strip()


def jdk_homes() -> Iterator[Path]:
    """Where a JDK may be: JAVA_HOME, `java` on PATH, then the usual folders of Linux and macOS."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parent.parent
    yield from sorted(Path("/usr/lib/jvm").glob("*"))
    yield from sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"))


def find_jdk(homes: Iterable[Path]) -> Path:
    """The first home of a JDK that is new enough.

    Raises:
        TrinoError: there is none.
    """
    found: dict[Path, str] = {}
    for home in homes:
        version = jdk_version(home)
        if version and int(version.split(".")[0]) >= OLDEST_JDK:
            return home
        if version:
            found.setdefault(home.resolve(), f"{version} in {home}")
    raise TrinoError(
        f"Trino needs a JDK of version {OLDEST_JDK} or newer, and what was found is"
        f" {', '.join(found.values()) or 'none'}: install one, for example Temurin 25 from"
        " https://adoptium.net, and set JAVA_HOME to it."
    )


def jdk_version(home: Path) -> str:
    """The version of the JDK at a home, say `25.0.1`; empty if there is no JDK.

    A runtime without a compiler is none.
    """
    if not (home / "bin" / "javac").exists() or not (home / "release").exists():
        return ""
    match = re.search(r'^JAVA_VERSION="(\d[\w.]*)', (home / "release").read_text(), re.MULTILINE)
    return match[1] if match else ""


def build(jdk: Path) -> str:
    """Compile the server, unless that is done, and return its class path.

    Raises:
        TrinoError: there is no Maven, or Maven fails.
    """
    TARGET.mkdir(exist_ok=True)
    stamp, classpath_file = TARGET / "built-from", TARGET / "classpath.txt"
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test processes may start at once
        if not is_built(stamp, classpath_file, fingerprint()):
            stamp.unlink(missing_ok=True)
            _run_maven(jdk)
            stamp.write_text(fingerprint())
    return f"{TARGET / 'classes'}:{classpath_file.read_text().strip()}"


def fingerprint() -> str:
    """A hash of what is built."""
    sources = [FOLDER / "pom.xml", *sorted(FOLDER.glob("src/**/*.java"))]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def is_built(stamp: Path, classpath_file: Path, wanted: str) -> bool:
    """Whether the last build was of the wanted sources, and the jars it found are still there."""
    if not stamp.exists() or stamp.read_text() != wanted:
        return False
    return all(Path(jar).exists() for jar in classpath_file.read_text().strip().split(":"))


def find_maven() -> str:
    """The path of Maven.

    Raises:
        TrinoError: there is none.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise TrinoError(
            "Maven is needed to download Trino, and no mvn was found on PATH: install it, for"
            " example with `apt install maven` or `brew install maven`."
        )
    return maven


def _run_maven(jdk: Path) -> None:
    command = [
        find_maven(),
        "--quiet",
        "--batch-mode",
        "--file",
        str(FOLDER / "pom.xml"),
        "compile",
    ]
    print("Building the Trino server; the first time it is downloaded.", file=sys.stderr)
    done = subprocess.run(  # noqa: S603 - our own project
        command,
        env={**os.environ, "JAVA_HOME": str(jdk)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-30:])
        raise TrinoError(f"Maven could not build the Trino server; its output ends:\n{tail}")


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    options = _parse(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    server = vars(options)
    port_file: Path | None = server.pop("port_file")
    try:
        with TrinoServer(**server) as trino:
            if port_file is not None:
                port_file.write_text(trino.url.rpartition(":")[2])
            print(f"Trino is ready at {trino.url}", flush=True)
            while trino.is_running():
                time.sleep(0.5)
            print(f"Trino stopped; its log ends:\n{trino.log_tail()}", file=sys.stderr)
    except TrinoError as error:
        print(error, file=sys.stderr)
    return 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trino on loopback over local_aws")
    parser.add_argument("--endpoint", required=True, help="URL of local_aws")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: a free one")
    parser.add_argument("--port-file", type=Path, help="write the port here when ready")
    parser.add_argument("--region", default="us-east-1", help="region of the Glue catalog")
    parser.add_argument("--access-key", default="local", help="access key to sign requests with")
    parser.add_argument("--secret-key", default="local", help="its secret")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
