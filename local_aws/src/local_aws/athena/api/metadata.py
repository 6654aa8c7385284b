"""Athena's metadata calls, answered from Glue: databases, tables, the data catalog."""

from collections.abc import Callable
from typing import Any

from local_aws.athena.run.access import check_catalog
from local_aws.athena.run.catalog import CATALOG
from local_aws.seam import Access, AwsCalls, AwsError

_CATALOG_NAME = "AwsDataCatalog"
Handler = Callable[["MetadataApi", dict[str, Any], str], dict[str, Any]]


class MetadataApi:
    """The metadata half of the API.

    Args:
        calls: Glue, and Athena's own data catalogs.
        access: what the caller may do.
    """

    def __init__(self, calls: AwsCalls, access: Access) -> None:
        self.calls = calls
        self.access = access

    @property
    def actions(self) -> frozenset[str]:
        """The actions it answers."""
        return frozenset(_HANDLERS)

    def handle(self, action: str, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """Answer one request."""
        name = str(payload.get("CatalogName") or _CATALOG_NAME)
        check_catalog(self.access, action, region, name)
        if name.lower() != CATALOG:
            raise _missing(f"Catalog {name} does not exist")
        return _HANDLERS[action](self, payload, region)

    def _glue(self, action: str, payload: dict[str, Any], region: str) -> dict[str, Any]:
        try:
            return self.calls("glue", action, payload, region=region)
        except AwsError as error:
            raise _missing(
                f"{error.message} (Service: AmazonDataCatalog; Status Code: 400; "
                f"Error Code: {error.code})"
            ) from None

    def get_database(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetDatabase."""
        answer = self._glue("GetDatabase", {"Name": payload["DatabaseName"]}, region)
        return {"Database": _database(answer["Database"])}

    def list_databases(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """ListDatabases."""
        answer = self._glue("GetDatabases", _paging(payload), region)
        return _page({"DatabaseList": [_database(one) for one in answer["DatabaseList"]]}, answer)

    def get_table(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetTableMetadata."""
        answer = self._glue(
            "GetTable",
            {"DatabaseName": payload["DatabaseName"], "Name": payload["TableName"]},
            region,
        )
        return {"TableMetadata": _table(answer["Table"])}

    def list_tables(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """ListTableMetadata."""
        asked = {"DatabaseName": payload["DatabaseName"], **_paging(payload)}
        if payload.get("Expression"):
            asked["Expression"] = payload["Expression"]
        answer = self._glue("GetTables", asked, region)
        return _page({"TableMetadataList": [_table(one) for one in answer["TableList"]]}, answer)

    def get_catalog(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetDataCatalog: Glue's is always there."""
        name = str(payload.get("Name", ""))
        if name.lower() == CATALOG:
            return {
                "DataCatalog": {
                    "Name": _CATALOG_NAME,
                    "Type": "GLUE",
                    "Description": "The Glue data catalog",
                    "Parameters": {},
                }
            }
        return self.calls("athena", "GetDataCatalog", payload, region=region)

    def list_catalogs(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """ListDataCatalogs."""
        del payload, region
        return {"DataCatalogsSummary": [{"CatalogName": _CATALOG_NAME, "Type": "GLUE"}]}


def _missing(message: str) -> AwsError:
    return AwsError("MetadataException", message)


def _paging(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        member: payload[member] for member in ("MaxResults", "NextToken") if payload.get(member)
    }


def _page(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**body, "NextToken": answer["NextToken"]} if answer.get("NextToken") else body


def _database(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": record["Name"],
        "Description": record.get("Description", ""),
        "Parameters": record.get("Parameters") or {},
    }


def _table(record: dict[str, Any]) -> dict[str, Any]:
    descriptor = record.get("StorageDescriptor") or {}
    serde = descriptor.get("SerdeInfo") or {}
    of_storage = {
        "inputformat": descriptor.get("InputFormat"),
        "outputformat": descriptor.get("OutputFormat"),
        "location": descriptor.get("Location"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    of_serde = (serde.get("Parameters") or {}).items()
    parameters = {
        **(record.get("Parameters") or {}),
        **{name: value for name, value in of_storage.items() if value},
        **{f"serde.param.{name}": value for name, value in of_serde},
    }
    shown: dict[str, Any] = {
        "Name": record["Name"],
        "TableType": record.get("TableType", ""),
        "Columns": [_column(one) for one in descriptor.get("Columns", [])],
        "PartitionKeys": [_column(one) for one in record.get("PartitionKeys", [])],
        "Parameters": parameters,
    }
    for member in ("CreateTime", "LastAccessTime"):
        if member in record:
            shown[member] = record[member]
    return shown


def _column(column: dict[str, Any]) -> dict[str, Any]:
    return {member: column[member] for member in ("Name", "Type", "Comment") if column.get(member)}


_HANDLERS: dict[str, Handler] = {
    "GetDatabase": MetadataApi.get_database,
    "ListDatabases": MetadataApi.list_databases,
    "GetTableMetadata": MetadataApi.get_table,
    "ListTableMetadata": MetadataApi.list_tables,
    "GetDataCatalog": MetadataApi.get_catalog,
    "ListDataCatalogs": MetadataApi.list_catalogs,
}
