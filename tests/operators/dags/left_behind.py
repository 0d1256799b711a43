"""Steps that leave more behind than they return; each task fails once after its step, and its next try is answered."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, AssetAlias, BaseOperator, task
from airflow.sdk.exceptions import AirflowException

from airflow_wfstate import STEP, StartWorkflowOperator, Step, durable

placed = Asset("left_behind_placed")
shipped = Asset("left_behind_shipped")
found = AssetAlias("left_behind_found")

did: list[object] = []
"""What acted, in order; tests read and clear it."""


def fail_once(context, result=None):
    did.append(f"end of try {context['ti'].try_number}")
    if context["ti"].try_number == 1:
        raise AirflowException("after the step")


class Ships(BaseOperator):
    """Pushes an XCom of its own."""

    def execute(self, context):
        did.append("ship")
        context["outlet_events"][shipped].extra = {"parcel": 7}
        context["ti"].xcom_push(key="parcel", value=7)
        return "shipped"


with DAG("left_behind", schedule=None):
    start = StartWorkflowOperator(task_id="start", name="left_behind", key="{{ run_id }}")

    @task.step(outlets=[placed, found], post_execute=fail_once, retries=1, retry_delay=0)
    def place(step: Step = STEP, outlet_events=None, ti=None):
        did.append("place")
        outlet_events[placed].extra = {"order": "o-1"}
        outlet_events[found].add(Asset("left_behind_dynamic"), extra={"rows": 3})
        ti.xcom_push(key="invoice", value={"number": 1})
        step.checkpoint("mine", 1)
        return sorted(step.checkpoints)

    @task.step
    def leaves_nothing():
        return None

    ship = durable(Ships(task_id="ship", outlets=[shipped], post_execute=fail_once, retries=1, retry_delay=0))
    start >> place() >> ship >> leaves_nothing()
