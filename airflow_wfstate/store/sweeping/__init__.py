"""The sweep, and what it finds: lost, stuck or overdue workflows, and manual marks."""
