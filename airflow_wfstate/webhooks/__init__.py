"""How webhooks leave: signed, to addresses that may be reached; and what came back. No SQL, nothing of Airflow."""
