"""What Airflow has noted of assets."""

from typing import Any


def asset_events(uri: str, run_id: str) -> list[dict[str, Any]]:
    """Return the extras of the events of an asset that a run made."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        of_run = select(AssetEvent).join(AssetModel, AssetEvent.asset_id == AssetModel.id)
        found = session.scalars(
            of_run.where(AssetModel.uri == uri, AssetEvent.source_run_id == run_id)
        )
        return [dict(event.extra) for event in found]
