"""Callers, and what their policies allow."""
