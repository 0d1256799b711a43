"""The requests to the store, and its answers."""
