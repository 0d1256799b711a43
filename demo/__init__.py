"""What ``make demo`` runs: a real Airflow on an embedded PostgreSQL, with orders to explore."""
