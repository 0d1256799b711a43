"""Measure what a step costs, compared with its floor, with DBOS Transact and with Airflow's own state store."""
