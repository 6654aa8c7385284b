"""All of Trino's functions that are in Python."""

from local_aws.athena.functions import json_values, moments, numbers

FUNCTIONS = (*numbers.FUNCTIONS, *moments.FUNCTIONS, *json_values.FUNCTIONS)
