"""Glue's rules for tables and partitions, where moto has none."""

from typing import Any

from local_aws.seam import AwsError, Service


class GlueCatalog(Service):
    """Answers the partition actions over moto's tables."""

    actions: frozenset[str] = frozenset()

    def handle(
        self, action: str, payload: dict[str, Any], *, region: str
    ) -> tuple[int, dict[str, Any]]:
        """See `Service.handle`."""
        raise AwsError("UnknownOperationException", f"{action} {payload} {region}")

    def close(self) -> None:
        """Nothing runs in the background."""
