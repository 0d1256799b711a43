"""What is asked of the store, and what it answers."""
