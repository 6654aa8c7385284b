"""`python -m local_aws`: serve until SIGTERM or SIGINT."""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.journal import DataDirectoryError

if TYPE_CHECKING:
    from local_aws.server import LocalAws

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main(arguments: list[str] | None = None) -> int:
    """Run the server; returns the exit status."""
    options = _parse(arguments)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(message)s")
    if options.host not in LOOPBACK and not options.allow_remote:
        print(
            f"Refusing to listen on {options.host!r}: anyone who reaches it can read and change"
            f" everything. Use one of {sorted(LOOPBACK)}, or say --allow-remote.",
            file=sys.stderr,
        )
        return 2
    if refused := _refused_engine(options):
        print(refused, file=sys.stderr)
        return 2
    from local_aws.server import LocalAws  # takes over a second, which a refusal need not

    server = LocalAws(
        port=options.port,
        host=options.host,
        data_dir=options.data_dir,
        crawl_seconds=options.crawl_seconds,
        active_queries=options.active_queries,
        enforce_iam=options.enforce_iam,
        trino_url=options.trino_url,
    )
    try:
        server.start()
    except (DataDirectoryError, OSError) as error:
        print(f"local_aws cannot start: {error}", file=sys.stderr)
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    _tell(server, options.port_file)
    stopped.wait()
    server.stop()
    return 0


def _refused_engine(options: argparse.Namespace) -> str:
    """Say what is wrong with the options of the engine; "" if nothing is."""
    if (options.engine == "trino") != bool(options.trino_url):
        return (
            "--engine trino needs --trino-url, such as http://127.0.0.1:8080, and --trino-url needs"
            " --engine trino."
        )
    if options.engine == "trino" and options.enforce_iam:
        return (
            "--engine trino and --enforce-iam exclude each other: Trino reads with credentials of"
            " its own, not with those of the caller. Leave one out."
        )
    return ""


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description="AWS APIs on loopback")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0: a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--allow-remote", action="store_true", help="allow a non-loopback address")
    parser.add_argument("--data-dir", type=Path, help="keep everything here over a restart")
    parser.add_argument("--port-file", type=Path, help="write the port here when ready")
    parser.add_argument(
        "--crawl-seconds", type=float, default=0.5, help="how long a crawl takes at least"
    )
    parser.add_argument(
        "--active-queries",
        type=int,
        default=200,
        help="how many DML queries may be queued or running; more are refused",
    )
    parser.add_argument(
        "--enforce-iam", action="store_true", help="hold IAM's users and roles to their policies"
    )
    parser.add_argument(
        "--engine", choices=("duckdb", "trino"), default="duckdb", help="what runs Athena's queries"
    )
    parser.add_argument("--trino-url", help="the server of --engine trino")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser.parse_args(arguments)


def _tell(server: "LocalAws", port_file: Path | None) -> None:
    if port_file is not None:
        scratch = port_file.with_name(f".{port_file.name}")
        scratch.write_text(str(server.port))
        scratch.rename(port_file)
    print(f"local_aws is ready at {server.endpoint}", flush=True)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed. To free millions of objects one by one takes seconds.
    os._exit(status)
