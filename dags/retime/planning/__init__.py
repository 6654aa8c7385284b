"""What a run should do, and what it did: pure, from values to values."""
