"""What the tasks of a DAG must keep to, and when that is checked."""
