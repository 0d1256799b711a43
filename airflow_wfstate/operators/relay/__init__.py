"""How the undo runs: the relay's place in its DAG, and the functions that undo."""
