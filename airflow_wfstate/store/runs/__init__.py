"""Airflow's runs: reading, judging, failing and clearing them."""
