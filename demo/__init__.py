"""What ``make demo`` runs: a real Airflow on an embedded PostgreSQL, and four orders to look at."""
