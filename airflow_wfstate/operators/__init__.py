"""What DAG authors import: operators, steps and their durability."""
