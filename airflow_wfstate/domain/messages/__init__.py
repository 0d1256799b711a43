"""What is asked and answered: requests, answers and what is read of a workflow."""
