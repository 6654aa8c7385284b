"""All of Trino's functions that are in Python."""

from local_aws.athena.functions import (
    binary,
    bits,
    collections,
    formats,
    json_values,
    moments,
    numbers,
    patterns,
    texts,
    urls,
)

FUNCTIONS = (
    *numbers.FUNCTIONS,
    *texts.FUNCTIONS,
    *formats.FUNCTIONS,
    *patterns.FUNCTIONS,
    *urls.FUNCTIONS,
    *binary.FUNCTIONS,
    *bits.FUNCTIONS,
    *json_values.FUNCTIONS,
    *collections.FUNCTIONS,
    *moments.FUNCTIONS,
)
