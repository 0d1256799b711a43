"""Changes of a whole workflow: start, completion, cancel, undo, a person's decision."""
