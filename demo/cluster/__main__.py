"""``python -m demo.cluster [folder]``: the stories on a cluster, in ``.cluster`` or in another folder."""

from __future__ import annotations

import sys
from pathlib import Path

from demo.cluster.home import ClusterHome
from demo.show import show

_HEALTHY_SECONDS = 300

if __name__ == "__main__":
    home = ClusterHome(Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else ClusterHome()
    sys.exit(show(home, exit_variable="CLUSTER_EXIT", healthy_seconds=_HEALTHY_SECONDS))
