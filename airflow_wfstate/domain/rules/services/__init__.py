"""What services may tell of their steps, by events, and what follows from it."""
