"""What ``make cluster`` runs: a production-like Airflow, several of every component, on one machine."""
