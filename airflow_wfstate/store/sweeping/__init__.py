"""The sweep, and what it finds: lost, stuck, overdue, marked by hand."""
