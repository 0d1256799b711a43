"""Steps with their rounds and attempts: how they begin, end, get lost and are accepted."""
