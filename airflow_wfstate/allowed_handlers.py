"""Which functions a relay may run as a compensation even if the DAG does not declare them."""

from __future__ import annotations

from airflow_wfstate import conf


def allows_handler(handler: str) -> bool:
    """Whether any relay may run ``module:function``: ``[wfstate] handler_modules`` has its module or a parent."""
    module = handler.partition(":")[0]
    return any(module == allowed or module.startswith(f"{allowed}.") for allowed in conf.handler_modules())
