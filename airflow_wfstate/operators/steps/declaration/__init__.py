"""What an author declares of a step, and how it is checked when the DAG is parsed."""
