"""Resource types of CloudFormation that moto does not have: of Glue, Athena and Firehose.

A stack is part of moto's state, and so are these resources, but for crawlers: a replayed change
finds them in their own file.
"""

import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from moto.athena.models import athena_backends
from moto.core.common_models import CloudFormationModel
from moto.firehose.models import firehose_backends
from moto.glue.models import glue_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from local_aws.arns import glue_arn
from local_aws.messages import ACCOUNT
from local_aws.seam import AwsCalls

Properties = dict[str, Any]
R = TypeVar("R", bound="type[Resource]")


def resource_type(name: str, *, named_by: str) -> Callable[[R], R]:
    """Make a class the model of a resource type, named by one of its properties."""

    def register(cls: R) -> R:
        cls.cloudformation_type = staticmethod(lambda: name)
        cls.cloudformation_name_type = staticmethod(lambda: named_by)
        return cls

    return register


class Resource:
    """A resource of a stack: a subclass says how it is put and taken away.

    Both are given whole properties, in CloudFormation's shape. moto makes resources from their
    classes, so what they share is the class's.

    Attributes:
        calls: what crawlers are made by; nothing while changes are replayed.
    """

    calls: ClassVar[AwsCalls | None] = None

    cloudformation_type: Callable[[], str]
    cloudformation_name_type: Callable[[], str]

    def __init__(self, name: str, properties: Properties, region: str) -> None:
        self.name = name
        self.properties = properties
        self.region = region
        self.type = self.cloudformation_type()

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives."""
        return self.name

    def put(self, old: Properties | None) -> None:
        """Create the resource, or change it from its old properties."""
        raise NotImplementedError

    def take_away(self) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def attribute(self, name: str) -> str | None:  # noqa: ARG002 - most have none
        """Return what Fn::GetAtt gives, None for what there is not."""
        return None

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """See moto's CloudFormationModel."""
        return cls("", {}, "").attribute(attr) is not None

    def get_cfn_attribute(self, name: str) -> str:
        """See moto's CloudFormationModel."""
        from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

        value = self.attribute(name)
        if value is None:
            raise UnformattedGetAttTemplateException
        return value

    def is_created(self) -> bool:
        """See moto's CloudFormationModel."""
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Properties, _: str, region: str, **__: Any
    ) -> "Resource":
        """See moto's CloudFormationModel."""
        properties = cloudformation_json.get("Properties", {})
        name = str(properties.get(cls.cloudformation_name_type()) or resource_name)
        made = cls(name, properties, region)
        made.put(None)
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "Resource",
        new_resource_name: str,  # noqa: ARG003 - a fresh one, where properties give none
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> "Resource":
        """See moto's CloudFormationModel; another name makes another resource."""
        properties = cloudformation_json.get("Properties", {})
        name = str(properties.get(cls.cloudformation_name_type()) or original_resource.name)
        if name != original_resource.name:
            made = cls.create_from_cloudformation_json(
                name, cloudformation_json, account_id, region_name
            )
            original_resource.take_away()
            return made
        made = cls(name, properties, region_name)
        made.put(original_resource.properties)
        return made

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 - moto's signature
        """See moto's stacks."""
        self.take_away()


@resource_type("AWS::Glue::Database", named_by="DatabaseName")
class GlueDatabase(Resource, CloudFormationModel):
    """A database of the catalog."""

    def __init__(self, name: str, properties: Properties, region: str) -> None:
        given = properties.get("DatabaseInput", {})
        super().__init__(str(given.get("Name", name)).lower(), properties, region)

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        backend, given = glue_backends[ACCOUNT][self.region], self.properties["DatabaseInput"]
        change = backend.create_database if old is None else backend.update_database
        change(self.name, {**given, "Name": self.name})

    def take_away(self) -> None:
        """See `Resource.take_away`."""
        glue_backends[ACCOUNT][self.region].delete_database(self.name)


@resource_type("AWS::Glue::Table", named_by="Name")
class GlueTable(Resource, CloudFormationModel):
    """A table of the catalog."""

    def __init__(self, name: str, properties: Properties, region: str) -> None:
        given = properties.get("TableInput", {})
        super().__init__(str(given.get("Name", name)).lower(), properties, region)

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        backend, given = glue_backends[ACCOUNT][self.region], self.properties["TableInput"]
        change = backend.create_table if old is None else backend.update_table
        change(self.properties["DatabaseName"].lower(), self.name, {**given, "Name": self.name})

    def take_away(self) -> None:
        """See `Resource.take_away`. Its database may have gone before, and it with that."""
        database = self.properties["DatabaseName"].lower()
        backend = glue_backends[ACCOUNT][self.region]
        if database in backend.databases:
            backend.delete_table(database, self.name)


@resource_type("AWS::Glue::Crawler", named_by="Name")
class GlueCrawler(Resource, CloudFormationModel):
    """A crawler."""

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        given = {key: value for key, value in self.properties.items() if key != "Tags"}
        self._call(
            "CreateCrawler" if old is None else "UpdateCrawler", {**given, "Name": self.name}
        )
        if tags := self.properties.get("Tags"):
            arn = glue_arn(self.region, f"crawler/{self.name}")
            glue_backends[ACCOUNT][self.region].tag_resource(arn, tags)

    def take_away(self) -> None:
        """See `Resource.take_away`."""
        self._call("DeleteCrawler", {"Name": self.name})

    def _call(self, action: str, payload: Properties) -> None:
        if Resource.calls is not None:
            Resource.calls("glue", action, payload, region=self.region)


@resource_type("AWS::Athena::WorkGroup", named_by="Name")
class AthenaWorkGroup(Resource, CloudFormationModel):
    """A work group."""

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        backend, given = athena_backends[ACCOUNT][self.region], self.properties
        if old is not None:
            backend.delete_work_group(self.name)
        configuration = dict(given.get("WorkGroupConfiguration", {}))
        # The default of a parameter is text, also of a number.
        if limit := configuration.get("BytesScannedCutoffPerQuery"):
            configuration["BytesScannedCutoffPerQuery"] = int(limit)
        backend.create_work_group(
            self.name,
            configuration,
            given.get("Description", ""),
            given.get("Tags", []),
        )
        backend.work_groups[self.name].state = given.get("State", "ENABLED")

    def take_away(self) -> None:
        """See `Resource.take_away`."""
        athena_backends[ACCOUNT][self.region].delete_work_group(self.name)


@resource_type("AWS::KinesisFirehose::DeliveryStream", named_by="DeliveryStreamName")
class DeliveryStream(Resource, CloudFormationModel):
    """A delivery stream to S3."""

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        backend = firehose_backends[ACCOUNT][self.region]
        if old is not None:
            backend.delete_delivery_stream(self.name)
        none: dict[str, Any] = {name: {} for name in _DESTINATIONS}
        backend.create_delivery_stream(
            region=self.region,
            delivery_stream_name=self.name,
            delivery_stream_type=self.properties.get("DeliveryStreamType", "DirectPut"),
            delivery_stream_encryption_configuration_input=self.properties.get(
                "DeliveryStreamEncryptionConfigurationInput", {}
            ),
            extended_s3_destination_configuration=self.properties[
                "ExtendedS3DestinationConfiguration"
            ],
            tags=self.properties.get("Tags", []),
            **none,
        )

    def take_away(self) -> None:
        """See `Resource.take_away`."""
        firehose_backends[ACCOUNT][self.region].delete_delivery_stream(self.name)

    def attribute(self, name: str) -> str | None:
        """See `Resource.attribute`."""
        arn = f"arn:aws:firehose:{self.region}:{ACCOUNT}:deliverystream/{self.name}"
        return arn if name == "Arn" else None


_DESTINATIONS = (
    "kinesis_stream_source_configuration",
    "s3_destination_configuration",
    "redshift_destination_configuration",
    "elasticsearch_destination_configuration",
    "splunk_destination_configuration",
    "http_endpoint_destination_configuration",
    "snowflake_destination_configuration",
    "iceberg_destination_configuration",
)


@resource_type("AWS::Logs::LogStream", named_by="LogStreamName")
class LogStream(Resource, CloudFormationModel):
    """A stream of a log group."""

    def put(self, old: Properties | None) -> None:
        """See `Resource.put`."""
        if old is None:
            group = self.properties["LogGroupName"]
            logs_backends[ACCOUNT][self.region].create_log_stream(group, self.name)

    def take_away(self) -> None:
        """See `Resource.take_away`. Its group may have gone before, and it with that."""
        group, backend = self.properties["LogGroupName"], logs_backends[ACCOUNT][self.region]
        if group in backend.groups:
            backend.delete_log_stream(group, self.name)


@resource_type("AWS::S3::BucketPolicy", named_by="Bucket")
class BucketPolicy(Resource, CloudFormationModel):
    """The policy of a bucket."""

    def put(self, old: Properties | None) -> None:  # noqa: ARG002 - the same either way
        """See `Resource.put`."""
        policy = json.dumps(self.properties["PolicyDocument"]).encode()
        s3_backends[ACCOUNT]["aws"].put_bucket_policy(self.name, policy)

    def take_away(self) -> None:
        """See `Resource.take_away`."""
        s3_backends[ACCOUNT]["aws"].delete_bucket_policy(self.name)
