"""What is declared about a workflow name: contents by their hash, and which of them is applied."""
