"""What Athena does to S3 and Glue with the permissions of whoever asked for the query.

The actions are those that AWS's guide lists for reading, for writing and for results, also the ones
that the real engine needs only for large objects and for queries that fail:
https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
"""

from collections.abc import Iterable
from pathlib import Path

from local_aws.arns import athena_arn, bucket_arn, glue_arn
from local_aws.athena.errors import QueryError
from local_aws.seam import ACCESS_DENIED, Access, AwsError, ObjectStore, StoredObject

_OF_PARTITIONS_READ = ("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition")
# Whoever may add partitions may update them too in AWS's own policy of Athena:
# https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html
_OF_PARTITIONS_ADDED = (
    "glue:CreatePartition",
    "glue:BatchCreatePartition",
    "glue:UpdatePartition",
)
_OF_OBJECT_WRITTEN = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_OF_BUCKET_WRITTEN = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")


class CheckedStore(ObjectStore):
    """S3 as Athena uses it: it asks where a bucket is, and writes in parts."""

    def __init__(self, store: ObjectStore, access: Access) -> None:
        self._store = store
        self._access = access

    def list(self, bucket: str, prefix: str) -> list[StoredObject]:
        """See `ObjectStore.list`."""
        self._access.need("s3:GetBucketLocation", bucket_arn(bucket))
        return self._store.list(bucket, prefix)

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """See `ObjectStore.get`."""
        return self._store.get(bucket, key)

    def check_read(self, bucket: str, objects: Iterable[StoredObject]) -> None:
        """See `ObjectStore.check_read`."""
        self._store.check_read(bucket, objects)

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """See `ObjectStore.put_file`."""
        self._check_write(bucket, key)
        self._store.put_file(bucket, key, path)

    def put_bytes(self, bucket: str, key: str, body: bytes) -> None:
        """See `ObjectStore.put_bytes`."""
        self._check_write(bucket, key)
        self._store.put_bytes(bucket, key, body)

    def delete(self, bucket: str, key: str) -> None:
        """See `ObjectStore.delete`."""
        self._store.delete(bucket, key)

    def _check_write(self, bucket: str, key: str) -> None:
        for action in _OF_BUCKET_WRITTEN:
            self._access.need(action, bucket_arn(bucket))
        for action in _OF_OBJECT_WRITTEN:
            self._access.need(action, bucket_arn(bucket, key))


def check_api(access: Access, action: str, region: str, work_group: str) -> None:
    """See that the caller may call an action of Athena's API in a work group."""
    access.need(f"athena:{action}", athena_arn(region, f"workgroup/{work_group}"))


def check_catalog(access: Access, action: str, region: str, catalog: str) -> None:
    """See that the caller may do something with a data catalog, such as query it."""
    access.need(f"athena:{action}", athena_arn(region, f"datacatalog/{catalog}"))


def check_database(access: Access, region: str, database: str) -> None:
    """See that the caller may get a database, and `default`, which Athena always looks for."""
    for name in ("default", database):
        arns = (glue_arn(region, path) for path in ("catalog", f"database/{name}"))
        access.need("glue:GetDatabase", *arns)


def check_partitions(
    access: Access, region: str, database: str, table: str, *, adds: bool = False
) -> None:
    """See that the caller may read, or add, partitions of a table."""
    paths = ("catalog", f"database/{database}", f"table/{database}/{table}")
    for action in _OF_PARTITIONS_ADDED if adds else _OF_PARTITIONS_READ:
        access.need(action, *(glue_arn(region, path) for path in paths))


def denied(error: AwsError) -> QueryError | None:
    """What a query fails with for lack of a permission; None for another error."""
    if error.code != ACCESS_DENIED:
        return None
    return QueryError(
        "PERMISSION_DENIED", f"Insufficient permissions to execute the query. {error.message}"
    )
