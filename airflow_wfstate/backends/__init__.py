"""The StateBackend protocol, and the two ways from a caller to the store."""
