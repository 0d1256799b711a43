"""What is declared about the name of a workflow: contents by their hash, and which of them is applied."""
