"""A workflow's row and its lock, and who calls."""
