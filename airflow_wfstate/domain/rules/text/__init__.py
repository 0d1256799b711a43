"""What texts may be, and how they are shown."""
