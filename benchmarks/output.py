"""The output of a step in every benchmark: 1 kB of JSON."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.domain.rules.payload import Payload

OUTPUT: Final = Payload.of("x" * 998)
