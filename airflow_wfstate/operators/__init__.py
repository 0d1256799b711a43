"""The operators that DAG authors import, and what makes their tasks durable steps."""
