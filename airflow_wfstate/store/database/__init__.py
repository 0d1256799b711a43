"""The tables, the transaction, the database's clock, and the columns of Airflow's own tables that are read."""
