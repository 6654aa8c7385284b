"""Retime: rebuild events landed by arrival time into a table partitioned by event time."""
