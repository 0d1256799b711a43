"""How payloads are stored in columns and files: encryption, offloading, redaction."""
