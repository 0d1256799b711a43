"""Reads of workflows: a single workflow, its pages, its graph, and statistics about many.

A module is imported when it is first used, as in :mod:`airflow_wfstate.domain.messages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_wfstate.domain.lazy_modules import modules_on_demand

if TYPE_CHECKING:
    from airflow_wfstate.domain.messages.reading import density as density
    from airflow_wfstate.domain.messages.reading import detail as detail
    from airflow_wfstate.domain.messages.reading import graph as graph
    from airflow_wfstate.domain.messages.reading import journal as journal
    from airflow_wfstate.domain.messages.reading import journal_sentence as journal_sentence
    from airflow_wfstate.domain.messages.reading import name_stats as name_stats
    from airflow_wfstate.domain.messages.reading import pages as pages
    from airflow_wfstate.domain.messages.reading import pending_wait as pending_wait
    from airflow_wfstate.domain.messages.reading import stats as stats
    from airflow_wfstate.domain.messages.reading import step_group as step_group
    from airflow_wfstate.domain.messages.reading import task_activity as task_activity

__getattr__ = modules_on_demand(__name__)
