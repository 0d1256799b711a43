"""A workflow's row and its lock, who calls, and its definition."""
