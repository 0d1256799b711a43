"""The token of a connection of type wfstate, kept for the other processes on the machine."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_wfstate.backends.api import ApiBackend
from airflow_wfstate.backends.credentials import UserToken
from airflow_wfstate.backends.token_file import TokenFile
from airflow_wfstate.domain.messages.workflow_query import WorkflowQuery
from airflow_wfstate.exceptions import AccessDenied
from airflow_wfstate.hooks import workflow_state
from airflow_wfstate.hooks.workflow_state import WorkflowStateHook
from tests.conftest import CHECKOUT
from tests.support.scripted_server import Answer, ScriptedServer, jwt_that_ends_in, scripted_server

LOGIN, PASSWORD = "wfstate", "secret"
NOTHING: dict[str, object] = {"workflows": [], "next_cursor": None}


Make = Callable[..., ApiBackend]


class Server:
    """Issues numbered tokens, and refuses those that it is told to refuse."""

    def __init__(self, lasts: float = 3600) -> None:
        self.lasts = lasts
        self.given: list[str] = []
        self.refused: set[str] = set()

    def __call__(self, path: str, token: str) -> Answer:
        if path == "/auth/token":
            self.given.append(jwt_that_ends_in(self.lasts, str(len(self.given))))
            return Answer(201, {"access_token": self.given[-1]})
        return Answer(401) if token in self.refused or token not in self.given else Answer(200, NOTHING)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def served(server: Server) -> Iterator[ScriptedServer]:
    with scripted_server(server) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Not created yet."""
    return tmp_path / "tokens"


@pytest.fixture
def process(served: ScriptedServer, folder: Path) -> Iterator[Make]:
    """Creates what a task's process has of its own; takes the login's password."""
    made: list[ApiBackend] = []

    def make(password: str = PASSWORD, folder: Path = folder) -> ApiBackend:
        user = UserToken(served.url, LOGIN, password, TokenFile(folder, served.url, LOGIN, password))
        made.append(ApiBackend(served.url, user, configured_by="the connection wfstate_default"))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


def ask(backend: ApiBackend) -> None:
    backend.list_workflows(WorkflowQuery())


def test_the_next_process_need_not_log_in(server: Server, process: Make) -> None:
    for _ in range(3):
        ask(process())
    assert len(server.given) == 1


def test_processes_that_start_together_log_in_once(server: Server, served: ScriptedServer, folder: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "tests.hooks.login_once", served.url, str(folder), "16"],
        cwd=CHECKOUT,
        timeout=120,
        check=False,
    )
    assert started.returncode == 0
    assert len(server.given) == 1
    assert len(served.seen) == 17


def test_whoever_has_another_password_logs_in(server: Server, process: Make) -> None:
    ask(process())
    ask(process("changed"))
    ask(process())
    assert len(server.given) == 2


def test_a_token_that_ends_soon_is_not_used(server: Server, process: Make) -> None:
    server.lasts = 30
    ask(process())
    ask(process())
    assert len(server.given) == 2


def test_a_refused_token_is_replaced_for_all(server: Server, process: Make) -> None:
    first, second = process(), process()
    ask(first)
    ask(second)
    server.refused.add(server.given[0])

    ask(first)
    ask(second)
    ask(process())

    assert len(server.given) == 2


def test_when_the_token_of_another_is_refused_too_it_logs_in(
    server: Server, served: ScriptedServer, process: Make, folder: Path
) -> None:
    long_lived = process()
    ask(long_lived)
    TokenFile(folder, served.url, LOGIN, PASSWORD).keep(
        jwt_that_ends_in(3600, "of a secret that the server no longer has")
    )
    server.refused.add(server.given[0])

    ask(long_lived)

    assert len(server.given) == 2


def test_a_login_that_does_not_help_is_an_error(
    served: ScriptedServer, process: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "__call__", lambda _, path, __: _refusing(path))
    with pytest.raises(AccessDenied):
        ask(process())
    assert [path for _, path, _ in served.seen].count("/auth/token") == 1


def _refusing(path: str) -> Answer:
    return Answer(201, {"access_token": jwt_that_ends_in(3600)}) if path == "/auth/token" else Answer(401)


def test_nobody_else_may_read_what_is_kept(process: Make, folder: Path) -> None:
    before = os.umask(0)
    try:
        ask(process())
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".lock"]
    assert not [path for path in folder.iterdir() if "secret" in path.name or "secret" in path.read_text()]


def _kept_file(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if not path.suffix)


def _folder_open_to_others(folder: Path) -> None:
    folder.chmod(0o755)


def _folder_of_another(folder: Path) -> None:
    os.chown(folder, 65534, 65534)


def _folder_is_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def _file_open_to_others(folder: Path) -> None:
    _kept_file(folder).chmod(0o602)


def _file_of_another(folder: Path) -> None:
    os.chown(_kept_file(folder), 65534, 65534)


def _file_is_a_link(folder: Path) -> None:
    kept = _kept_file(folder)
    kept.rename(folder.with_name("elsewhere"))
    kept.symlink_to("../elsewhere")


def _file_is_no_token(folder: Path) -> None:
    _kept_file(folder).write_bytes(b"\xff\xfe")


NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="Only root may give a file away.")


@pytest.mark.parametrize(
    ("spoil", "is_mended"),
    [
        (_folder_open_to_others, False),
        pytest.param(_folder_of_another, False, marks=NEEDS_ROOT),
        (_folder_is_a_link, False),
        (_file_open_to_others, True),
        pytest.param(_file_of_another, True, marks=NEEDS_ROOT),
        (_file_is_a_link, True),
        (_file_is_no_token, True),
    ],
)
def test_what_others_could_have_written_is_not_trusted(
    server: Server, process: Make, folder: Path, spoil: Callable[[Path], None], is_mended: bool
) -> None:
    """A folder of that kind is left alone; a file in a folder that belongs to nobody else is replaced."""
    ask(process())
    spoil(folder)

    ask(process())
    assert len(server.given) == 2
    ask(process())
    assert len(server.given) == (2 if is_mended else 3)


def test_where_nothing_can_be_kept_it_logs_in_as_before(server: Server, process: Make, folder: Path) -> None:
    folder.write_text("a file in place of the folder")
    ask(process())
    ask(process(folder=folder / "below"))
    assert len(server.given) == 2
    assert folder.read_text() == "a file in place of the folder"


def test_the_tasks_of_a_machine_share_the_login_of_a_connection(
    server: Server, served: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "wfstate", "host": served.url, "login": LOGIN, "password": PASSWORD}
    monkeypatch.setenv("AIRFLOW_CONN_WFSTATE_DEFAULT", json.dumps(connection))
    monkeypatch.setattr("airflow.configuration.AIRFLOW_HOME", str(tmp_path))
    for _ in range(2):
        monkeypatch.setattr(workflow_state, "_BACKENDS", {})  # another process does not have it
        backend = WorkflowStateHook().get_conn()
        assert isinstance(backend, ApiBackend)
        ask(backend)
        backend.close()
    assert len(server.given) == 1
    assert _kept_file(tmp_path / "wfstate-tokens").read_text() == server.given[0]
