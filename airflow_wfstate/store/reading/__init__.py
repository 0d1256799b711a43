"""Read operations: lists, details, pages."""
