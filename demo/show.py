"""Start everything, run the scenarios, print the outcome, and stay up until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time

from rich.console import Console

from demo.folder import AirflowFolder, FolderInUse
from demo.home import WAREHOUSE
from demo.programs import ProgramMissing
from demo.running import AirflowDidNotStart, RunningAirflow
from demo.scenarios import AIRPORTS
from demo.screen import Screen, outcome_line
from demo.signals import Ended, ending_on_signals, undisturbed
from demo.stage import NotHeld, Stage
from demo.story import Outcome, tell


def show(home: AirflowFolder, *, exit_variable: str, healthy_seconds: float) -> int:
    """Run the scenarios on the Airflow of a folder, and return 0 when all of them passed.

    :param exit_variable: the environment variable that, when it is "1", ends everything after the scenarios. Without a
        terminal that happens anyway.
    :param healthy_seconds: how long Airflow may take to start.
    """
    console = Console(highlight=False, soft_wrap=True)
    airflow: RunningAirflow | None = None
    stays = console.is_terminal and os.environ.get(exit_variable) != "1"
    with ending_on_signals():
        try:
            home.occupy()
            console.print("Starting PostgreSQL ...")
            home.start_postgres()
            airflow = home.airflow()
            outcomes = _run(home, airflow, console, healthy_seconds)
            _summarise(home, airflow, outcomes, console, stays)
            if stays:
                _wait_for_the_end(console)
            return 0 if all(outcome.held for outcome in outcomes) else 1
        except (FolderInUse, ProgramMissing, AirflowDidNotStart, NotHeld) as error:
            console.print(str(error), style="red", markup=False)
            return 1
        finally:
            with undisturbed():
                if airflow is not None:
                    console.print("Stopping Airflow and PostgreSQL ...")
                    airflow.stop()
                home.leave()


def _run(home: AirflowFolder, airflow: RunningAirflow, console: Console, healthy_seconds: float) -> list[Outcome]:
    began = time.monotonic()
    console.print(f"Starting Airflow at {airflow.url} (log: {airflow.log_file}) ...", soft_wrap=True)
    airflow.start()
    airflow.wait_until_healthy(healthy_seconds)
    console.print(f"Airflow became healthy after {time.monotonic() - began:.0f} seconds.")
    client = airflow.client()
    stage = Stage(airflow, client, home.postgres.url(WAREHOUSE), lambda: screen.look(), label="demo")
    screen = Screen(console, client, lambda: _loaded(stage))
    try:
        airflow.start_part("wfstate", "deliver", "--every", "1")
        stage.wait_for_dags()
        with screen:
            outcomes = []
            for outcome in tell(stage, screen.begin):
                screen.end(outcome)
                outcomes.append(outcome)
        return outcomes
    finally:
        client.close()


def _loaded(stage: Stage) -> tuple[int, int] | None:
    rows, _ = stage.airports()
    return (rows, AIRPORTS) if rows else None


def _summarise(
    home: AirflowFolder, airflow: RunningAirflow, outcomes: list[Outcome], console: Console, stays: bool
) -> None:
    console.print("\n[bold]Results[/]")
    for outcome in outcomes:
        console.print(outcome_line(outcome))
    held = sum(outcome.held for outcome in outcomes)
    console.print(f"\n[bold]{held} of {len(outcomes)} scenarios passed.[/]")
    if stays:
        console.print(f"\nOpen {airflow.url}/plugin/wfstate and log in as admin with the password {airflow.password()}")
        console.print(f"See an order that was undone across two DAGs:\n  {_most_interesting(airflow)}", soft_wrap=True)
    command = os.path.relpath(home.command)
    console.print(f"\nCommands to try{'' if stays else ' (they start the PostgreSQL of the demo when they need it)'}:")
    for words in (
        "list",
        "list --state compensated -o json",
        "show order/demo-refused",
        "show choreographed_order/demo-declined",
        "journal load_airports/demo-airports",
    ):
        console.print(f"  {command} wfstate {words}", markup=False)


def _most_interesting(airflow: RunningAirflow) -> str:
    """The URL of the order whose shipping failed; of the list when that scenario did not get so far."""
    client = airflow.client()
    try:
        found = client.workflows(name="order", state="compensated", limit=1)
    finally:
        client.close()
    page = f"{airflow.url}/plugin/wfstate"
    return f"{page}?workflow={found[0]['id']}" if found else page


def _wait_for_the_end(console: Console) -> None:
    console.print("\nAirflow keeps running. Press Ctrl-C to stop it.")
    try:
        while True:
            signal.pause()
    except Ended:
        return
