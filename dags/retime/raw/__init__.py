"""What landed, and what the catalog knows of it: other people's data, never touched."""
