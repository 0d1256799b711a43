"""What an author declares about a step, and how it is checked when the DAG is parsed."""
