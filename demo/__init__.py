"""What ``make demo`` runs: a real Airflow on an embedded PostgreSQL, and orders to look at."""
