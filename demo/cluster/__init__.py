"""What ``make cluster`` runs: Airflow as in production, several of every part, as plain processes of one machine."""
