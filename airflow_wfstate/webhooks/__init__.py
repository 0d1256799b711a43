"""Send signed webhooks to allowed addresses, and read the answers. Without SQL, and without Airflow."""
