"""How a task becomes a durable step: it begins, runs, and its end is recorded."""
