"""Import this once in the parent of task processes: each of them then starts with our modules in memory.

Airflow runs each task in a process that it forks, and Python takes some 70 ms of CPU there to import what a step needs.
A Celery worker imports it before it forks::

    AIRFLOW__CELERY__EXTRA_CELERY_CONFIG='{"imports": ["airflow_wfstate.preload"]}'

Airflow preloads its own expensive modules at the same moment (``celery_import_modules`` in its Celery provider). Only
modules are loaded here: no connection, thread or file is opened, so that a fork inherits nothing that it must not use.
"""

from __future__ import annotations

from typing import Final

import airflow_wfstate
from airflow_wfstate.backends import api, credentials, token_file, wire
from airflow_wfstate.decorators import step as step_decorator
from airflow_wfstate.domain.messages import compensation, step, workflow

_PUBLIC: Final = [getattr(airflow_wfstate, name) for name in airflow_wfstate.__all__]

LOADED: Final = (api, credentials, token_file, step_decorator, *_PUBLIC)
"""What is in memory by now."""

for _operation in (
    workflow.START_WORKFLOW,
    workflow.COMPLETE_WORKFLOW,
    step.BEGIN_STEP,
    step.SAVE_CHECKPOINT,
    step.END_ATTEMPT,
    compensation.TAKE_TURN,
    compensation.END_COMPENSATION,
):
    wire.prepare(_operation.request)
    wire.prepare(_operation.answer)
