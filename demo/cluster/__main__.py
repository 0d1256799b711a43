"""``python -m demo.cluster``: the stories on a cluster."""

from __future__ import annotations

import sys

from demo.cluster.home import ClusterHome
from demo.show import show

_HEALTHY_SECONDS = 300

if __name__ == "__main__":
    sys.exit(show(ClusterHome(), exit_variable="CLUSTER_EXIT", healthy_seconds=_HEALTHY_SECONDS))
