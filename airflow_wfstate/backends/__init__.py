"""The StateBackend protocol and its two implementations: directly on the database, and over HTTP."""
