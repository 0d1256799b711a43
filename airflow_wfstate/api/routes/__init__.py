"""The routes, one noun a file. They parse, call, render; no rule lives here."""
