"""Airflow plugin: wiring only."""
