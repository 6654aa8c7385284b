"""Data sets: their values, the YAML that gives them, the settings of an environment."""
