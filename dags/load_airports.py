"""One long step: load a real dataset in batches, with a checkpoint after each batch.

Kill the task's process half-way, and the retry continues after the last checkpoint. If a batch was inserted but its
checkpoint was not saved, the batch is inserted again. That changes nothing (``ON CONFLICT DO NOTHING``).
"""

from __future__ import annotations

import csv
import time
from datetime import timedelta
from importlib.resources import files

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import dag, task

from airflow_wfstate import STEP, CompleteWorkflowOperator, StartWorkflowOperator, Step

BATCH = 200
COLUMNS = ("iata", "name", "city", "state", "country", "latitude", "longitude")
CREATE = """
    CREATE TABLE IF NOT EXISTS airports (
        iata text PRIMARY KEY, name text, city text, state text, country text, latitude float8, longitude float8
    )
"""
INSERT = "INSERT INTO airports VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (iata) DO NOTHING"


@dag(
    schedule=None,
    catchup=False,
    params={"load_id": "airports", "pause_seconds": 0.0},
    tags=["wfstate"],
    doc_md=__doc__,
)
def load_airports() -> None:
    start = StartWorkflowOperator(
        task_id="start",
        name="load_airports",
        key="{{ params.load_id }}",
        plan=["load"],
        participants=["load_airports"],
    )

    @task.step(retries=2, retry_delay=timedelta(seconds=1))
    def load(pause_seconds: str, step: Step = STEP) -> dict[str, int]:
        with files("vega_datasets").joinpath("_data/airports.csv").open(encoding="utf-8") as file:
            rows = [tuple(row[column] for column in COLUMNS) for row in csv.DictReader(file)]
        warehouse = PostgresHook("demo_warehouse")
        warehouse.run(CREATE)
        first = int(str(step.checkpoints.get("rows", 0)))
        for position in range(first, len(rows), BATCH):
            batch = rows[position : position + BATCH]
            with warehouse.get_conn() as connection, connection.cursor() as cursor:
                cursor.executemany(INSERT, batch)
                connection.commit()
            step.checkpoint("rows", position + len(batch))
            time.sleep(float(pause_seconds))
        return {"rows": len(rows), "resumed_at": first}

    complete = CompleteWorkflowOperator(task_id="complete", output="{{ ti.xcom_pull('load')['rows'] }}")
    start >> load("{{ params.pause_seconds }}") >> complete


load_airports()
