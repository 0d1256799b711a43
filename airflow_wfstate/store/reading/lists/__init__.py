"""Lists of workflows, counts of them, and the contents of a list's rows."""
