"""Webhook subscriptions: their requests and answers.

A module is imported when it is first used, as in :mod:`airflow_wfstate.domain.messages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_wfstate.domain.lazy_modules import modules_on_demand

if TYPE_CHECKING:
    from airflow_wfstate.domain.messages.outbox import change_subscription as change_subscription
    from airflow_wfstate.domain.messages.outbox import delivery_report as delivery_report
    from airflow_wfstate.domain.messages.outbox import subscription as subscription

__getattr__ = modules_on_demand(__name__)
