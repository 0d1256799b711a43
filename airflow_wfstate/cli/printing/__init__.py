"""How the command line prints the store's answers."""
