"""What to undo, whose turn it is, and what a compensation waits for."""
