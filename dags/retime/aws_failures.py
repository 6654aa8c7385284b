"""What to say when AWS cannot be asked: one sentence, without secrets."""

from __future__ import annotations

_NO_CREDENTIALS = (
    "there are no AWS credentials that work; set a profile, AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or a role"
)
_CREDENTIAL_ERRORS = (
    *("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "TokenRetrievalError"),
    *("SSOTokenLoadError", "UnauthorizedSSOTokenError", "CredentialRetrievalError"),
)
_CREDENTIAL_CODES = (
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId"),
    *("UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException"),
)


def describe_failure(error: Exception) -> str | None:
    """Return what to do about a failure of boto3, or None if it is none.

    The answer of AWS is left out: it can name accounts and roles.
    """
    from botocore import exceptions as failures
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _CREDENTIAL_CODES:
            return f"{_NO_CREDENTIALS} ({code})"
        if "AccessDenied" in code:
            return f"AWS refuses {error.operation_name}; allow it to the role that asks ({code})"
        if code in ("EntityNotFoundException", "NoSuchBucket"):
            return f"AWS has no such database, table or bucket; check the settings ({code})"
        return f"AWS could not do {error.operation_name}; try again ({code})"
    if not isinstance(error, BotoCoreError):
        return None
    name = type(error).__name__
    if name in _CREDENTIAL_ERRORS:
        return f"{_NO_CREDENTIALS} ({name})"
    if name == "NoRegionError":
        return "no AWS region is set; set AWS_DEFAULT_REGION, or a profile that has one"
    if not isinstance(error, (failures.HTTPClientError, failures.ConnectionError)):
        return f"AWS cannot be asked like this; check the settings and the AWS profile ({name})"
    return f"AWS is out of reach; check the network, the region and AWS_ENDPOINT_URL ({name})"
