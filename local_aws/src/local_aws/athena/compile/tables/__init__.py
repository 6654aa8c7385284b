"""Rows of the function table by what they are about: see `function_table.py`."""
