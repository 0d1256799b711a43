"""The rules of workflow state: states, names, payloads, the plan, the order of an undo."""
