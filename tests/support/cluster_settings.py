"""The settings that the parts of a cluster share, with values that a test recognises."""

from __future__ import annotations

from typing import Final

from demo.cluster import settings

SHARED: Final = settings.Shared(
    proxy="http://proxy:8080",
    base_url="https://airflow.example",
    broker="redis://redis:6379",
    metadata="postgresql+psycopg2://airflow:database-password@pgbouncer/airflow",
    warehouse={"conn_type": "postgres", "password": "warehouse-password"},
    users="admin:admin,wfstate:user",
    passwords_file="passwords.json",
    fernet_key="the-fernet-key",
    secret_key="the-secret-key",
    jwt_secret="the-jwt-secret",
    service_password="service-password",
)
