"""Resume and restart: the plan, and carrying it out."""
