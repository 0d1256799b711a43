"""What services can report about their steps with events, and the consequences."""
