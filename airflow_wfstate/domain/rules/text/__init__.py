"""Rules for texts, and how they are displayed."""
