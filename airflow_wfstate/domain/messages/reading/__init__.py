"""What is read of workflows: one of them, its pages, its graph, and counts of many."""
