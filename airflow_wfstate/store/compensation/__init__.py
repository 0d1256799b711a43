"""What is undone, whose turn it is, and why it waits."""
