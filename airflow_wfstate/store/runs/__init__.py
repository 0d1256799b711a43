"""Airflow's runs: read, judged, failed, cleared."""
