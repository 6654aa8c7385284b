"""ARNs of the account's resources."""

from local_aws.messages import ACCOUNT


def bucket_arn(bucket: str, key: str = "") -> str:
    """The ARN of a bucket, or of an object in it."""
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def glue_arn(region: str, path: str) -> str:
    """The ARN of something of Glue's, e.g. of "table/traffic/raw"."""
    return f"arn:aws:glue:{region}:{ACCOUNT}:{path}"


def athena_arn(region: str, path: str) -> str:
    """The ARN of something of Athena's, e.g. of "workgroup/primary"."""
    return f"arn:aws:athena:{region}:{ACCOUNT}:{path}"
