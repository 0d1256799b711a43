"""What is read: lists, details, pages."""
