"""What ``.cluster/airflow`` runs: an ``airflow`` command in the environment of the cluster's servers."""

from __future__ import annotations

import sys
from pathlib import Path

from demo.cluster.home import ClusterHome
from demo.command import run

if __name__ == "__main__":
    sys.exit(run(ClusterHome(Path(sys.argv[1])), *sys.argv[2:]))
