"""Time: event dates, slices, partitions and arrival hours."""
