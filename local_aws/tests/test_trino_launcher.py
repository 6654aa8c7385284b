"""The launcher of Trino finds what it needs, or says in one sentence what is missing.

No Java runs here.
"""

from pathlib import Path

import pytest

import trino_server
from trino_server import (
    TrinoError,
    TrinoServer,
    find_jdk,
    find_maven,
    fingerprint,
    is_built,
    jdk_homes,
)


def make_jdk(home: Path, version: str, java: str = "") -> Path:
    """A folder that looks like a JDK; `java` is what its java does, a shell script."""
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="Any"\nJAVA_VERSION="{version}"\n')
    (home / "bin" / "javac").touch()
    (home / "bin" / "java").write_text(f"#!/bin/sh\n{java}\n")
    (home / "bin" / "java").chmod(0o755)
    return home


def test_the_first_jdk_that_is_new_enough_is_taken(tmp_path):
    versions = ["1.8.0_392", "17.0.15", "24", "25.0.1"]
    homes = [make_jdk(tmp_path / version, version) for version in versions]
    assert find_jdk(homes) == tmp_path / "24"


def test_a_runtime_without_a_compiler_and_a_folder_without_java_are_no_jdk(tmp_path):
    runtime = make_jdk(tmp_path / "runtime", "25")
    (runtime / "bin" / "javac").unlink()
    jdk = make_jdk(tmp_path / "jdk", "25")
    assert find_jdk([tmp_path / "nothing", runtime, jdk]) == jdk


def test_without_a_new_jdk_one_sentence_says_what_was_found_and_what_to_do(tmp_path):
    old = make_jdk(tmp_path / "old", "17.0.15")
    with pytest.raises(TrinoError) as caught:
        find_jdk([old, old])
    assert str(caught.value) == (
        f"Trino needs a JDK of version 24 or newer, and what was found is 17.0.15 in {old}:"
        " install one, for example Temurin 25 from https://adoptium.net, and set JAVA_HOME to it."
    )
    with pytest.raises(TrinoError, match="what was found is none: install one"):
        find_jdk([])


def test_java_home_goes_before_the_java_on_the_path(tmp_path, monkeypatch):
    of_home = make_jdk(tmp_path / "home", "25")
    of_path = make_jdk(tmp_path / "path", "24")
    monkeypatch.setenv("PATH", str(of_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert next(jdk_homes()) == of_path
    monkeypatch.setenv("JAVA_HOME", str(of_home))
    assert list(jdk_homes())[:2] == [of_home, of_path]


def test_without_maven_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrinoError, match=r"^Maven is needed .* no mvn was found on PATH: install"):
        find_maven()


def test_it_is_built_again_when_sources_change_or_jars_are_gone(tmp_path):
    stamp, classpath, jar = tmp_path / "stamp", tmp_path / "classpath", tmp_path / "a.jar"
    assert not is_built(stamp, classpath, "now")
    stamp.write_text("now")
    classpath.write_text(f"{jar}\n")
    jar.touch()
    assert is_built(stamp, classpath, "now")
    assert not is_built(stamp, classpath, "changed")
    jar.unlink()
    assert not is_built(stamp, classpath, "now")


def test_the_fingerprint_is_of_the_pom_and_the_java_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(trino_server, "FOLDER", tmp_path)
    pom, java = tmp_path / "pom.xml", tmp_path / "src" / "main" / "java" / "Server.java"
    java.parent.mkdir(parents=True)
    seen = set()
    for path, text in [(pom, "a"), (java, "a"), (java, "b"), (pom, "b")]:
        path.write_text(text)
        seen.add(fingerprint())
    assert len(seen) == 4


@pytest.fixture
def run_as_java(tmp_path, monkeypatch):
    """Lets a shell script be the java of the next server; its last argument is the URL's file."""
    monkeypatch.setattr(trino_server.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(trino_server, "build", lambda jdk: f"{jdk}/classes")
    monkeypatch.chdir(tmp_path)

    def use(script: str) -> None:
        monkeypatch.setenv("JAVA_HOME", str(make_jdk(tmp_path / "jdk", "25", script)))

    return use


def test_a_server_is_up_once_it_writes_its_url_and_gone_afterwards(run_as_java, tmp_path):
    # Like the server's, its life depends on its standard input.
    run_as_java("for file; do :; done; echo $LOCAL_AWS_ENDPOINT > part; mv part $file; exec cat")
    with TrinoServer(endpoint="http://there") as trino:
        assert trino.url == "http://there"
        assert trino.is_running()
    assert not trino.is_running()
    assert [path.name for path in tmp_path.iterdir()] == ["jdk"]


def test_a_server_that_stops_at_once_shows_the_end_of_its_log(run_as_java, tmp_path):
    run_as_java("echo Address already in use; exit 1")
    with pytest.raises(TrinoError, match=r"before it was ready; its log ends:\nAddress already"):
        TrinoServer(endpoint="there").__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["jdk"]


def test_patience_has_an_end(run_as_java):
    run_as_java("echo starting; exec cat")
    with pytest.raises(TrinoError, match=r"not ready after 1 seconds; its log ends:\nstarting"):
        TrinoServer(endpoint="there", patience_seconds=1).__enter__()
