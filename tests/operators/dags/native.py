"""Names and keys in DAGs whose templates are rendered as Python objects."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_wfstate import STEP, StartWorkflowOperator, Step

seen: list[object] = []
"""What the steps received, in order; tests read and clear it."""

with DAG("native", schedule=None, params={"release": "1.10", "none": None}, render_template_as_native_obj=True):
    start = StartWorkflowOperator(
        task_id="start",
        name="{{ params.release }}",
        key="{{ params.release }}",
        input={"release": "{{ params.release }}"},
        correlation_id="00{{ 7 }}",
        labels={"release": "{{ params.release }}", "build": "{{ 7 }}"},
    )

    @task
    def releases():
        return ["2.10", "2.1", "{{ not_rendered }}"]

    @task.step
    def deploy(release, step: Step = STEP):
        seen.append((release, step.workflow.key))

    @task.step
    def written(release):
        seen.append(release)

    @task.step(item_key="v{{ release }}")
    def by_template(release):
        seen.append(release)

    @task.step(item_key=lambda release: release)
    def by_function(release):
        seen.append(release)

    @task.step(item_key=lambda release: release)
    def alone(release):
        seen.append(release)

    @task.step
    def handed_over(release):
        seen.append(release)

    start >> [
        deploy("{{ params.release }}"),
        written.expand(release=["1.10", "1.1"]),
        by_template.expand(release=["1.10", "1.1"]),
        by_function.expand(release=["1.10", "1.1"]),
        alone("{{ params.release }}"),
        handed_over.expand(release=releases()),
    ]


with DAG("keys_that_identify_nothing", schedule=None, params={"none": None}):
    start = StartWorkflowOperator(task_id="start", name="keys_that_identify_nothing", key="{{ run_id }}")

    @task
    def rows():
        return [{"id": 1, "customer": None}]

    def key_step(key):
        """A mapped step with this item key."""
        return task.step(item_key=key)(lambda row: row["id"])

    start >> [
        key_step(key).override(task_id=name).expand(row=rows.override(task_id=f"rows_{name}")())
        for name, key in {
            "missing": "{{ row.order_id }}",
            "none_in_template": "order-{{ row.customer }}",
            "none": lambda row: row.get("order_id"),
            "empty": lambda row: "",
            "blank": lambda row: "  ",
            "an_object": lambda row: object(),
        }.items()
    ]
