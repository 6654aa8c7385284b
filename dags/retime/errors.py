"""What can go wrong, named for the person who has to fix it."""


class RetimeError(Exception):
    """Something went wrong of which this package knows the cause."""


class PermanentError(RetimeError):
    """Wrong input, settings or data: a retry without a change cannot help."""


class RetryableError(RetimeError):
    """A service did not do its part: a retry can help, and is safe."""


class SettingError(PermanentError):
    """A bucket, database or other setting of the environment is missing or wrong."""


class DataSetError(PermanentError):
    """The YAML file or the SQL of a data set is wrong."""


class RequestError(PermanentError):
    """A run was asked for dates that it cannot build."""


class AuditError(PermanentError):
    """A staged slice did not pass its audits; nothing of it was published."""


class CatalogError(PermanentError):
    """A table of the Glue catalog is missing or is not as the data set says."""


class RunError(PermanentError):
    """A run cannot build what it planned, or did not; fix the cause and clear what it names."""


class PublishError(RetryableError):
    """The catalog did not take a change."""


class QueryError(RetryableError):
    """Athena did not do what it can do: it was busy, or failed by itself."""


class DeleteError(RetryableError):
    """S3 did not delete what nothing uses any more."""


class CrawlError(RetryableError):
    """A crawl failed or did not find what has landed."""
