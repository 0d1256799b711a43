"""How payloads stand in columns and files: encrypted, in a file, redacted."""
