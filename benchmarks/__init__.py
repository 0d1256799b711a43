"""What a step costs, side by side with its floor, with DBOS Transact and with Airflow's own state store."""
