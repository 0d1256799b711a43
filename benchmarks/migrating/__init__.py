"""How long each migration takes on a large database, and how long those who write wait for it."""
