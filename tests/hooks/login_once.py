"""A worker machine: processes that start at the same moment, and each sends a request by the same login.

``python -m tests.hooks.login_once SERVER FOLDER PROCESSES``
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import httpx

from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.token_file import TokenFile


def main(server: str, folder: str, processes: int) -> int:
    """How many of them got no answer."""
    begin, write_end = os.pipe()
    children = []
    for _ in range(processes):
        if (child := os.fork()) == 0:
            os.close(write_end)
            os.read(begin, 1)  # until the parent releases them all
            user = UserToken(server, "a", "b", TokenFile(Path(folder), server, "a", "b"))
            with httpx.Client(auth=user, verify=False, trust_env=False) as client:  # noqa: S501 - there is no TLS
                os._exit(not client.get(f"{server}/wfstate/v1/workflows").is_success)
        children.append(child)
    os.close(write_end)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
