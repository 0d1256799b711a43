"""Reads of workflows: a single workflow, its pages, its graph, and statistics about many."""
