"""What a crawler was told to do, read from its definition."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local_aws.seam import AwsError

DEFAULTS: dict[str, Any] = {
    "Classifiers": [],
    "Description": "",
    "TablePrefix": "",
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "SchemaChangePolicy": {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "DEPRECATE_IN_DATABASE",
    },
    "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Target:
    """A place to crawl: `prefix` is empty or ends in "/"."""

    bucket: str
    prefix: str
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlSettings:
    """A crawler's definition, with the names AWS uses for the choices."""

    crawler: str
    database: str
    table_prefix: str
    targets: tuple[S3Target, ...] = ()
    catalog_tables: tuple[tuple[str, str], ...] = field(default=())
    updates: bool = True
    deletes: str = "DEPRECATE_IN_DATABASE"
    new_folders_only: bool = False
    inherits_from_table: bool = False
    merges_new_columns: bool = False
    combines_schemas: bool = False
    table_level: int | None = None
    table_threshold: int | None = None


def read_settings(definition: dict[str, Any]) -> CrawlSettings:
    """Read a definition; raises AwsError (InvalidInputException) when it makes no sense."""
    policy = {**DEFAULTS["SchemaChangePolicy"], **(definition.get("SchemaChangePolicy") or {})}
    recrawl = (definition.get("RecrawlPolicy") or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING")
    is_new_only = recrawl == "CRAWL_NEW_FOLDERS_ONLY"
    if is_new_only and set(policy.values()) != {"LOG"}:
        raise _invalid(
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only'
            " LOG DeleteBehavior value and LOG UpdateBehavior value."
        )
    targets = definition.get("Targets") or {}
    catalog_tables = tuple(
        (target["DatabaseName"], table)
        for target in targets.get("CatalogTargets") or []
        for table in target.get("Tables") or []
    )
    if catalog_tables and policy["DeleteBehavior"] != "LOG":
        raise _invalid("The DeleteBehavior of a crawler with catalog targets must be LOG.")
    configuration = _configuration(definition)
    output = configuration.get("CrawlerOutput") or {}
    grouping = configuration.get("Grouping") or {}
    return CrawlSettings(
        crawler=definition["Name"],
        database=(definition.get("DatabaseName") or "").lower(),
        table_prefix=definition.get("TablePrefix") or "",
        targets=tuple(s3_target(target) for target in targets.get("S3Targets") or []),
        catalog_tables=catalog_tables,
        updates=policy["UpdateBehavior"] != "LOG",
        deletes=policy["DeleteBehavior"],
        new_folders_only=is_new_only,
        inherits_from_table=_choice(output, "Partitions") == "InheritFromTable",
        merges_new_columns=_choice(output, "Tables") == "MergeNewColumns",
        combines_schemas=grouping.get("TableGroupingPolicy") == "CombineCompatibleSchemas",
        table_level=grouping.get("TableLevelConfiguration"),
        table_threshold=(output.get("Tables") or {}).get("TableThreshold"),
    )


def s3_target(target: dict[str, Any]) -> S3Target:
    """Read one target; raises AwsError when its path is not an S3 URL."""
    url = urlsplit(target.get("Path", ""))
    if url.scheme not in {"s3", "s3a", "s3n"} or not url.netloc:
        raise _invalid(f"S3 target path {target.get('Path')!r} is not of the form s3://bucket/path")
    prefix = url.path.strip("/")
    return S3Target(
        bucket=url.netloc,
        prefix=f"{prefix}/" if prefix else "",
        exclusions=tuple(target.get("Exclusions") or ()),
    )


def _choice(output: dict[str, Any], part: str) -> str:
    return str((output.get(part) or {}).get("AddOrUpdateBehavior", ""))


def _configuration(definition: dict[str, Any]) -> dict[str, Any]:
    text = definition.get("Configuration") or "{}"
    try:
        configuration = json.loads(text)
    except ValueError:
        configuration = None
    if not isinstance(configuration, dict):
        raise _invalid(f"Configuration {text!r} is not a JSON object")
    return configuration


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)
