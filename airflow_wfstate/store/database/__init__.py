"""The tables, the transaction, the database's clock, and the columns that we read of Airflow's own tables."""
