"""A release whose number looks like a float, in a DAG that renders its templates as native Python objects."""

from __future__ import annotations

from airflow.sdk import dag, task
from outside import effect

from airflow_wfstate import STEP, CompleteWorkflowOperator, StartWorkflowOperator, Step


@dag(schedule=None, params={"version": "0.0"}, render_template_as_native_obj=True)
def release():
    version = "{{ params.version }}"
    start = StartWorkflowOperator(
        task_id="start", name="release", key=version, correlation_id=version, labels={"version": version}
    )

    @task.step(item_key="{{ rack }}.10")
    def deploy(rack, step: Step = STEP):
        effect(step.workflow.key, "deploy", rack=rack)

    start >> deploy.expand(rack=[1, 2]) >> CompleteWorkflowOperator(task_id="complete")


release()
