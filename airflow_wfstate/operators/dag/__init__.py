"""The rules for the tasks of a DAG, and when they are checked."""
