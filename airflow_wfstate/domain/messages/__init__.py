"""The requests to the store, and its answers.

A module is imported when it is first used (``messages.cancel``). Creating its dataclasses takes milliseconds, and each
task runs in a new process that sends only two or three kinds of message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_wfstate.domain.lazy_modules import modules_on_demand

if TYPE_CHECKING:
    from airflow_wfstate.domain.messages import access as access
    from airflow_wfstate.domain.messages import asked as asked
    from airflow_wfstate.domain.messages import cancel as cancel
    from airflow_wfstate.domain.messages import code as code
    from airflow_wfstate.domain.messages import compensate as compensate
    from airflow_wfstate.domain.messages import compensation as compensation
    from airflow_wfstate.domain.messages import definition as definition
    from airflow_wfstate.domain.messages import event as event
    from airflow_wfstate.domain.messages import failing as failing
    from airflow_wfstate.domain.messages import key_rotation as key_rotation
    from airflow_wfstate.domain.messages import operation as operation
    from airflow_wfstate.domain.messages import record as record
    from airflow_wfstate.domain.messages import resume as resume
    from airflow_wfstate.domain.messages import rights as rights
    from airflow_wfstate.domain.messages import starting_dag as starting_dag
    from airflow_wfstate.domain.messages import staying as staying
    from airflow_wfstate.domain.messages import step as step
    from airflow_wfstate.domain.messages import step_changes as step_changes
    from airflow_wfstate.domain.messages import sweep_report as sweep_report
    from airflow_wfstate.domain.messages import token as token
    from airflow_wfstate.domain.messages import wait as wait
    from airflow_wfstate.domain.messages import way as way
    from airflow_wfstate.domain.messages import workflow as workflow
    from airflow_wfstate.domain.messages import workflow_query as workflow_query

__getattr__ = modules_on_demand(__name__)
