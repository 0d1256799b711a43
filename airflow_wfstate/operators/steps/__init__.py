"""How a task runs as a durable step: it begins, executes, and its end is recorded."""
