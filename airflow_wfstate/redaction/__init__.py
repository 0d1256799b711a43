"""What is hidden from users in stored values: what an author redacts, and what Airflow's secrets masker knows.

Steps, compensations and relays are given values as they are. Users are shown them with ``***`` in place of

- what the JSON paths of ``redact=[...]`` name (:mod:`~airflow_wfstate.redaction.path`);
- the values of keys with a sensitive name (``password``, ``token``; ``[core] sensitive_var_conn_names`` adds others),
  at any depth, and every text that Airflow's masker was told of in this process: Airflow's own rules, as in its logs.

Errors and reasons are masked before they are stored, in the process that knows the secret
(:func:`~airflow_wfstate.redaction.secrets.recorded_text`).
"""

from __future__ import annotations

from airflow_wfstate.redaction.path import check_paths
from airflow_wfstate.redaction.payload import masked
from airflow_wfstate.redaction.secrets import MASK, masked_text, recorded_text
from airflow_wfstate.redaction.walk import masked_value

__all__ = ["MASK", "check_paths", "masked", "masked_text", "masked_value", "recorded_text"]
