"""A workflow's row and its lock, and who is calling."""
