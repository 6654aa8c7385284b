"""What can go wrong, named for the person who has to mend it."""


class RetimeError(Exception):
    """Wrong input, settings or data: a retry without a change cannot help."""


class SettingError(RetimeError):
    """A bucket, database or other setting of the environment is missing or wrong."""


class DataSetError(RetimeError):
    """The YAML file or the SQL of a data set is wrong."""


class RequestError(RetimeError):
    """A run was asked for dates that it cannot build."""


class AuditError(RetimeError):
    """A staged slice did not pass its audits; nothing of it was published."""


class CatalogError(RetimeError):
    """A table of the Glue catalog is missing or is not as the data set says."""


class RunError(RetimeError):
    """A run cannot build what it planned, or did not; mend the cause and clear what it names."""


class PublishError(Exception):
    """The catalog did not take what was published; a retry can help and is safe."""


class DeleteError(Exception):
    """S3 did not delete what nothing uses any more; a retry can help and is safe."""


class CrawlError(Exception):
    """A crawl failed or did not find what has landed; a retry can help."""
