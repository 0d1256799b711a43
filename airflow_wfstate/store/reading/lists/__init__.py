"""Lists of workflows, counts of them, and what a line of a list says."""
