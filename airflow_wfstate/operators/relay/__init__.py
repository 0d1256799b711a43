"""How compensation runs: the relay's place in its DAG, and the compensation handlers."""
