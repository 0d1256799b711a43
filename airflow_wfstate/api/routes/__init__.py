"""The routes, one noun per file. They parse, call and render; they contain no rules."""
