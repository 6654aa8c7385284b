"""Trino's SQL: what compiles each kind of node, each function, and queries."""

from local_aws.athena.compile import (
    calls,
    json_functions,
    lambda_functions,
    literals,
    moments,
    operators,
    queries,
    special_functions,
    text_functions,
)
from local_aws.athena.compile.compiler import Language

TRINO = Language(
    nodes={
        **literals.NODES,
        **operators.NODES,
        **calls.NODES,
        **moments.NODES,
        **text_functions.NODES,
    },
    functions={
        **special_functions.FUNCTIONS,
        **json_functions.FUNCTIONS,
        **text_functions.FUNCTIONS,
        **lambda_functions.FUNCTIONS,
        **moments.FUNCTIONS,
    },
    query=queries.query,
)
