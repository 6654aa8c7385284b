"""Which names and partitions a statement means."""

import fnmatch

from local_aws.athena.parse.hive_grammar import Ddl


def matches(keys: list[str], values: list[str], spec: dict[str, str]) -> bool:
    """Tell whether a partition has the values that a spec gives, for the keys that it gives."""
    given = dict(zip(keys, values, strict=True))
    return all(given.get(key) == value for key, value in spec.items())


def filtered(names: list[str], ddl: Ddl) -> list[str]:
    """Return the names that the pattern of a SHOW leaves."""
    pattern = ddl.options.get("like")
    if not pattern:
        return names
    if "%" in pattern:
        pattern = pattern.replace("%", "*")
    patterns = pattern.split("|")
    return [name for name in names if any(fnmatch.fnmatch(name, one) for one in patterns)]
