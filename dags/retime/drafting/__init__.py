"""A data set's files drafted from what its raw events look like."""
