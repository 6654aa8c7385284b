"""All of Trino's functions that are in Python."""

from local_aws.athena.functions import (
    binary,
    collections,
    json_values,
    moment_formats,
    moments,
    numbers,
    patterns,
    texts,
    urls,
)
from local_aws.athena.lines import read

FUNCTIONS = (
    *numbers.FUNCTIONS,
    *texts.FUNCTIONS,
    *patterns.FUNCTIONS,
    *urls.FUNCTIONS,
    *binary.FUNCTIONS,
    *json_values.FUNCTIONS,
    *collections.FUNCTIONS,
    *moments.FUNCTIONS,
    *moment_formats.FUNCTIONS,
    *read.FUNCTIONS,
)
