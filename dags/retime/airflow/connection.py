"""boto3 clients of an Airflow connection."""

from typing import Any

from retime.aws_retries import make_client


class AwsConnection:
    """An Airflow connection, and the one boto3 session of all its clients.

    The provider's `get_conn` makes a session for each client, and reads the source files of all its
    callers for a word in the user agent: that doubles the time.
    """

    def __init__(self, aws_conn_id: str, config: Any = None) -> None:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        # Any service: the hook wants one.
        self._hook: Any = AwsBaseHook(aws_conn_id=aws_conn_id, client_type="s3", config=config)
        self._session = self._hook.get_session()

    def make_client(self, service: str, *, patience: float, attempts: int | None = None) -> Any:
        """Return a client that repeats a refused call for so many seconds; that takes 0.1 s."""
        return make_client(
            self._session,
            service,
            self._hook.config,
            patience=patience,
            attempts=attempts,
            endpoint_url=self._hook.conn_config.get_service_endpoint_url(service_name=service),
            verify=self._hook.verify,
        )
