"""``python -m tests.replay LOG``: a real log, while the api-server is killed twice and PostgreSQL restarted once."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from threading import Lock


def main() -> int:
    """Run it; return 0 when nothing was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("log", type=Path, help="a CSV file with case:concept:name, concept:name and time:timestamp")
    parser.add_argument("--seed", type=int, help="of the order (default: a new one, which is printed)")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="wfstate-replay-") as folder:
        # Airflow creates its home when it is first imported: here, and not in the user's.
        os.environ["AIRFLOW_HOME"] = f"{folder}/home"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        os.environ["AIRFLOW__WFSTATE__API_RETRY_SECONDS"] = "300"
        return _run(Path(folder), arguments.log, seed)


def _run(folder: Path, path: Path, seed: int) -> int:
    from sqlalchemy import create_engine

    from airflow_wfstate.backends.api import ApiBackend
    from airflow_wfstate.backends.credentials import UserToken
    from demo.postgres import EmbeddedPostgres
    from tests.replay.event_log import read_log
    from tests.replay.replay import replay
    from tests.support.api_server import ApiServerProcess
    from tests.support.postgres import migrate

    log = read_log(path, "order-to-cash")
    with EmbeddedPostgres(folder / "data") as server:
        server.create_database("replay")
        url = server.url("replay", "psycopg2")
        (folder / "migrate").mkdir()
        migrate(url, folder / "migrate")
        api_server = ApiServerProcess(url, folder / "api-server")
        outages = [
            (0.25, "kills the api-server", api_server.crash),
            (0.5, "restarts PostgreSQL", lambda: server.crash("fast")),
            (0.75, "kills the api-server", api_server.crash),
        ]
        lock = Lock()

        def on_progress(share: float) -> None:
            with lock:
                due = outages.pop(0) if outages and share >= outages[0][0] else None
            if due is not None:
                print(f"At {share:.0%} of the events a sender {due[1]}.", flush=True)
                due[2]()

        engine = create_engine(url)
        try:
            api_server.start()
            began = time.monotonic()
            found = replay(
                log,
                lambda: ApiBackend(
                    api_server.url, UserToken(api_server.url, "admin", "admin"), configured_by="the replay"
                ),
                engine,
                random.Random(seed),  # noqa: S311 - no secret
                ["admin"],
                on_progress,
            )
        finally:
            api_server.stop()
            engine.dispose()
    print(f"seed {seed}: {found} {time.monotonic() - began:.0f} seconds.")
    for complaint in found.complaints[:50]:
        print(f"    {complaint}")
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
