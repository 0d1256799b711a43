"""DatabaseLists: reads lists of workflows directly from the tables, for ``airflow wfstate list``.

:class:`~airflow_wfstate.backends.database.DatabaseBackend` gives the same answers, but first imports everything that
    changes a workflow. That takes 0.1 seconds of processor time, as much as everything else that a list adds to the
    start-up of ``airflow`` (``python -m benchmarks.cli_startup``).
"""

from __future__ import annotations

from sqlalchemy import Engine

from airflow_wfstate.domain.messages.workflow import WorkflowPage
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.store.database.transaction import run_read
from airflow_wfstate.store.reading.lists.workflow_list import list_workflows


class DatabaseLists:
    """Lists of workflows, and nothing else.

    :param engine: as for :class:`~airflow_wfstate.backends.database.DatabaseBackend`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_workflows(self, query: WorkflowQuery) -> WorkflowPage:
        """See ``StateBackend.list_workflows``."""
        return run_read(self._engine, lambda connection: list_workflows(connection, query))
