"""A cluster job with Airflow 3.3's own mixin, which keeps its own memory. It needs Airflow 3.3."""

from __future__ import annotations

from airflow.sdk import BaseOperator, ResumableJobMixin, dag, task
from airflow.sdk.exceptions import AirflowFailException
from outside import effect, is_allowed

from airflow_wfstate import (
    STEP,
    CompensateWorkflowOperator,
    CompleteWorkflowOperator,
    StartWorkflowOperator,
    Step,
    durable,
)


def discard(output, compensation):
    effect(compensation.workflow.key, "discard", job=output["job"])


class Job(ResumableJobMixin, BaseOperator):
    """Runs a job, and finds it again after a crash."""

    def execute(self, context):
        return self.execute_resumable(context)

    def submit_job(self, context):
        key = context["params"]["key"]
        effect(key, "submit", try_number=context["ti"].try_number, run_id=context["run_id"])
        return f"job-{context['run_id']}-{context['ti'].try_number}"

    def get_job_status(self, external_id, context):
        return "SUCCEEDED"

    def is_job_active(self, status):
        return status == "RUNNING"

    def is_job_succeeded(self, status):
        return status == "SUCCEEDED"

    def poll_until_complete(self, external_id, context):
        return external_id

    def get_job_result(self, external_id, context):
        return {"job": external_id}


@dag(schedule=None, params={"key": "1"})
def cluster_job():
    """The job's result is discarded when what uses it fails; then the whole run is cleared."""

    @task.step(retries=0)
    def use(step: Step = STEP):
        if not is_allowed(step.workflow.key, "use"):
            raise AirflowFailException("the shop is closed")

    start = StartWorkflowOperator(task_id="start", name="cluster_job", key="{{ params.key }}")
    job = durable(Job(task_id="job"), compensate=discard)
    start >> job >> use() >> CompleteWorkflowOperator(task_id="complete")
    CompensateWorkflowOperator(task_id="compensate")


cluster_job()
