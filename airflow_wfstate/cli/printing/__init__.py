"""How the command line shows what the store says."""
