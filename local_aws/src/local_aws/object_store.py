"""S3 as local files, for the services in this process."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from moto.s3.models import s3_backends

from local_aws.arns import bucket_arn
from local_aws.gateway import Gateway
from local_aws.messages import ACCOUNT, DEFAULT_REGION, Request
from local_aws.s3.moto_s3 import FileKey, incoming
from local_aws.s3.object_files import ObjectFile, ObjectFiles
from local_aws.seam import AwsError, NoSuchBucketError, ObjectStore, StoredObject

_SIGNED = f"AWS4-HMAC-SHA256 Credential=local/20000101/{DEFAULT_REGION}/s3/aws4_request"


class FileObjectStore(ObjectStore):
    """The object store; its changes go through the gateway like any client's."""

    def __init__(self, gateway: Gateway, files: ObjectFiles) -> None:
        self._gateway = gateway
        self._files = files
        self._need = gateway.iam.need

    def list(self, bucket: str, prefix: str) -> list[StoredObject]:
        """See `ObjectStore.list`."""
        self._need("s3:ListBucket", bucket_arn(bucket))
        with self._gateway.lock:
            keys = self._bucket(bucket).keys
            names = (keys.names[position] for position in keys.span(prefix))
            found = [keys[name] for name in names]
            return [self._stored(key) for key in found if isinstance(key, FileKey)]

    def get(self, bucket: str, key: str) -> StoredObject | None:
        """See `ObjectStore.get`."""
        self._need("s3:GetObject", bucket_arn(bucket, key))
        with self._gateway.lock:
            found = self._bucket(bucket).keys.get(key)
            return self._stored(found) if isinstance(found, FileKey) else None

    def check_read(self, bucket: str, objects: Iterable[StoredObject]) -> None:
        """See `ObjectStore.check_read`."""
        self._need("s3:GetObject", *(bucket_arn(bucket, one.key) for one in objects))

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        """See `ObjectStore.put_file`."""
        self._put(bucket, key, lambda: self._files.take_over(path))

    def put_bytes(self, bucket: str, key: str, body: bytes) -> None:
        """See `ObjectStore.put_bytes`."""
        self._put(bucket, key, lambda: self._files.receive([body]))

    def delete(self, bucket: str, key: str) -> None:
        """See `ObjectStore.delete`."""
        self._need("s3:DeleteObject", bucket_arn(bucket, key))
        self._bucket(bucket)
        self._send("DELETE", bucket, key)

    def _put(self, bucket: str, key: str, create: Callable[[], ObjectFile]) -> None:
        self._bucket(bucket)
        self._need("s3:PutObject", bucket_arn(bucket, key))
        file = create()
        token = incoming.set(lambda: file)
        try:
            self._send("PUT", bucket, key)
        finally:
            incoming.reset(token)

    def _send(self, method: str, bucket: str, key: str) -> None:
        target = f"/{bucket}/{quote(key)}"
        headers = {"authorization": f"{_SIGNED}, SignedHeaders=host, Signature=0"}
        response = self._gateway.apply(Request(method=method, target=target, headers=headers))
        if response.status >= 400:
            raise AwsError(
                "S3Error", f"{method} {target}: {response.body!r}", status=response.status
            )

    def _stored(self, key: Any) -> StoredObject:
        return StoredObject(key=key.name, size=key.size, path=self._files.path(key.file.name))

    @staticmethod
    def _bucket(name: str) -> Any:
        try:
            return s3_backends[ACCOUNT]["aws"].buckets[name]
        except KeyError:
            raise NoSuchBucketError(name) from None
