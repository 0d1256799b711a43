"""``python -m demo``: the stories on ``airflow standalone``."""

from __future__ import annotations

import sys

from demo.home import DemoHome
from demo.show import show

_HEALTHY_SECONDS = 180

if __name__ == "__main__":
    sys.exit(show(DemoHome(), exit_variable="DEMO_EXIT", healthy_seconds=_HEALTHY_SECONDS))
