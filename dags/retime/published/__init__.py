"""The tables that Retime publishes to: its own, and nobody else's."""
