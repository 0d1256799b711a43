from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.airflow_home import Home


def test_people_see_what_a_pass_did(home: Home) -> None:
    swept = home.wfstate("sweep", "-o", "plain")

    assert swept.returncode == 0, swept.stderr
    assert {"swept", "lost", "deadlines", "flagged"} <= set(swept.stdout.splitlines()[0].split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_again_and_again_until_a_signal(home: Home, number: signal.Signals) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    command = [sys.executable, "-m", "airflow", "wfstate", "sweep", "--every", "1", "-o", "json"]
    variables = {**inherited, "AIRFLOW_HOME": str(home.path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    with subprocess.Popen(command, cwd=home.path, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reports = 0
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                assert json.loads(text)["swept"] in (True, False)
                reports, text = reports + 1, ""
            if reports == 2:
                process.send_signal(number)
                break
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("seconds", ["0", "-1", "86401"])
def test_a_pause_out_of_range_is_refused(home: Home, seconds: str) -> None:
    refused = home.wfstate("sweep", f"--every={seconds}")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"--every {seconds} is out of range.")


def test_an_unmigrated_database_names_the_remedy(empty_home: Home) -> None:
    refused = empty_home.airflow("wfstate", "sweep")

    assert refused.returncode == 1
    assert "airflow db migrate" in refused.stderr
