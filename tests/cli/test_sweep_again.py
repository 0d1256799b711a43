"""``airflow wfstate sweep --every`` continues, whatever a pass raises."""

from __future__ import annotations

import threading
from argparse import Namespace

import pytest

from airflow_wfstate.cli import command
from airflow_wfstate.cli.commands import repeated
from airflow_wfstate.cli.commands import sweep as sweep_command
from airflow_wfstate.domain.messages.sweep_report import SweepReport
from airflow_wfstate.exceptions import DatabaseUnavailable, WorkflowStateError


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("The database does not answer.", "Try again."), RuntimeError("out of the blue")]
)
def test_the_next_pass_follows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    passes: list[int] = []

    class Ended(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if len(passes) == 2:
                self.set()
            return self.is_set()

    def fails_once() -> SweepReport:
        passes.append(len(passes))
        if len(passes) == 1:
            raise error
        return SweepReport(swept=True)

    class Store:
        sweep = staticmethod(fails_once)

    monkeypatch.setattr(command, "open_store", Store)
    monkeypatch.setattr(repeated.threading, "Event", Ended)
    monkeypatch.setattr(repeated.signal, "signal", lambda *_: None)

    sweep_command.sweep(Namespace(every=1, output="plain", verbose=False))

    told = capsys.readouterr()
    assert passes == [0, 1]
    assert str(error) in told.err
    assert "Traceback" not in told.err
    assert "swept" in told.out
    assert isinstance(error, WorkflowStateError) or "RuntimeError" in told.err
