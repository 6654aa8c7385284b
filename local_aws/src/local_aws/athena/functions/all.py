"""All of Trino's functions that are in Python."""

from local_aws.athena.functions import (
    binary,
    bits,
    collections,
    formats,
    json_paths,
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
    *formats.FUNCTIONS,
    *patterns.FUNCTIONS,
    *urls.FUNCTIONS,
    *binary.FUNCTIONS,
    *bits.FUNCTIONS,
    *json_values.FUNCTIONS,
    *json_paths.FUNCTIONS,
    *collections.FUNCTIONS,
    *moments.FUNCTIONS,
    *moment_formats.FUNCTIONS,
    *read.FUNCTIONS,
)
