"""What a task on a worker finds around it, and whether it reaches the metadata database with what it was given."""

from __future__ import annotations

import json
import os

from airflow.sdk import dag, task


@dag(schedule=None)
def surroundings():
    @task
    def environment():
        return dict(os.environ)

    @task
    def login_to_metadata():
        import psycopg

        given = json.loads(os.environ["AIRFLOW_CONN_DEMO_WAREHOUSE"])
        wanted = {"host": given["host"], "port": given["port"], "user": given["login"], "password": given["password"]}
        reached = {}
        for database in (given["schema"], "airflow"):
            try:
                psycopg.connect(**wanted, dbname=database, connect_timeout=10).close()
                reached[database] = "reached"
            except psycopg.OperationalError as error:
                reached[database] = str(error)
        return reached

    environment()
    login_to_metadata()


surroundings()
