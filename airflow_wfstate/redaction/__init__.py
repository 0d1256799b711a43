"""Hide parts of stored values from users: what an author redacts, and what Airflow's secrets masker knows.

Steps, compensations and relays get the original values. Users see them with ``***`` in place of

- what the JSON paths of ``redact=[...]`` name (:mod:`~airflow_wfstate.redaction.path`);
- the values of keys with a sensitive name (``password``, ``token``; ``[core] sensitive_var_conn_names`` adds others),
  at any depth, and every text that was registered with Airflow's masker in this process, as in Airflow's own logs.

Errors and reasons are masked before they are stored, in the process that knows the secret
(:func:`~airflow_wfstate.redaction.secrets.recorded_text`).
"""

from __future__ import annotations

from airflow_wfstate.redaction.path import check_paths
from airflow_wfstate.redaction.payload import masked
from airflow_wfstate.redaction.secrets import MASK, masked_text, recorded_text
from airflow_wfstate.redaction.walk import masked_value

__all__ = ["MASK", "check_paths", "masked", "masked_text", "masked_value", "recorded_text"]
