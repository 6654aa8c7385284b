"""Lineage: the raw and the published tables of a slice, as OpenLineage names tables of Athena."""

from dataclasses import dataclass, field
from typing import Any

from retime.dataset.deployment import Deployment
from retime.dataset.model import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageTable:
    """A table and where its data is; `columns` is empty where the catalog alone knows them.

    https://openlineage.io/docs/spec/naming: the namespace of Athena is its endpoint, the name is
    `catalog.database.table`.
    """

    namespace: str
    name: str
    location: str
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What a slice is made from and what is made of it; staging tables come and go."""

    inputs: tuple[LineageTable, ...] = ()
    outputs: tuple[LineageTable, ...] = ()


def slice_lineage(deployment: Deployment) -> Lineage:
    """Return the tables of a data set in its environment."""
    raw, region = deployment.data_set.raw, deployment.clients.glue.meta.region_name

    def table(name: str, location: str, columns: Columns) -> LineageTable:
        return LineageTable(
            namespace=f"awsathena://athena.{region}.amazonaws.com",
            name=f"AwsDataCatalog.{deployment.database}.{name}",
            location=location,
            columns=columns,
        )

    return Lineage(
        inputs=(table(raw.table, raw.location, {}),),
        outputs=tuple(
            table(t.name, t.location, {**t.columns, **t.key_types})
            for t in deployment.data_set.tables
        ),
    )


def to_openlineage(lineage: Lineage, query_id: str | None = None) -> Any:
    """Return lineage as Airflow's OpenLineage provider takes it; only that provider asks for it."""
    from airflow.providers.common.compat.openlineage.facet import ExternalQueryRunFacet
    from airflow.providers.openlineage.extractors.base import OperatorLineage

    query = (
        ExternalQueryRunFacet(externalQueryId=query_id, source="awsathena") if query_id else None
    )
    return OperatorLineage(
        inputs=[_dataset(table) for table in lineage.inputs],
        outputs=[_dataset(table) for table in lineage.outputs],
        run_facets={"externalQuery": query} if query else {},
    )


def _dataset(table: LineageTable) -> Any:
    from airflow.providers.common.compat.openlineage.facet import (
        Dataset,
        Identifier,
        SchemaDatasetFacet,
        SchemaDatasetFacetFields,
        SymlinksDatasetFacet,
    )

    bucket, _, path = table.location.removeprefix("s3://").partition("/")
    place = Identifier(namespace=f"s3://{bucket}", name=path.rstrip("/"), type="LOCATION")
    fields = [SchemaDatasetFacetFields(name=n, type=t) for n, t in table.columns.items()]
    facets = {"symlinks": SymlinksDatasetFacet(identifiers=[place])}
    if fields:
        facets["schema"] = SchemaDatasetFacet(fields=fields)
    return Dataset(namespace=table.namespace, name=table.name, facets=facets)
