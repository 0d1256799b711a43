"""Resume and restart: the plan, and what it changes."""
