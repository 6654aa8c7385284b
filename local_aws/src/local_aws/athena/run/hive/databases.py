"""CREATE, DROP and SHOW DATABASES."""

from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.hive.context import TASK, DdlResult, Hive
from local_aws.athena.run.hive.patterns import filtered


def create_database(hive: Hive, ddl: Ddl) -> None:
    """CREATE DATABASE."""
    body: dict[str, Any] = {"Name": ddl.name[-1]}
    for option, member in (
        ("comment", "Description"),
        ("location", "LocationUri"),
        ("properties", "Parameters"),
    ):
        if option in ddl.options:
            body[member] = ddl.options[option]
    if hive.catalog.has_database(ddl.name[-1]):
        if ddl.options["if_not_exists"]:
            return
        raise QueryError("", f"{TASK} Database {ddl.name[-1]} already exists")
    hive.catalog.glue("CreateDatabase", DatabaseInput=body)


def drop_database(hive: Hive, ddl: Ddl) -> None:
    """DROP DATABASE [CASCADE]."""
    name = ddl.name[-1]
    if not hive.catalog.has_database(name):
        if ddl.options["if_exists"]:
            return
        raise QueryError(
            "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}"
        )
    tables = hive.catalog.tables(name)
    if tables and not ddl.options["cascade"]:
        raise QueryError(
            "",
            f"{TASK} InvalidOperationException(message:Database {name} is "
            "not empty. One or more tables exist.)",
        )
    for table in tables:
        hive.catalog.glue("DeleteTable", DatabaseName=name, Name=table["Name"])
    hive.catalog.glue("DeleteDatabase", Name=name)


def show_databases(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW DATABASES [LIKE]."""
    names = sorted(hive.catalog.databases())
    return DdlResult(lines=tuple(filtered(names, ddl)), columns=("database_name",))
