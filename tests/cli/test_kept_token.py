"""A token in a real keyring: that of keyrings.alt, which keeps passwords in a file in the user's home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.airflow_home import Home
from tests.support.api_server import ApiServer

FILE = "keyrings.alt.file.PlaintextKeyring"
NONE = "keyring.backends.fail.Keyring"
"""The keyring backend on a machine without any other."""


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, api_server: ApiServer) -> Iterator[Home]:
    """A home without a token; its keyring is a file inside it."""
    folder = tmp_path_factory.mktemp("keyring")
    variables = {
        "WFSTATE_SERVER": api_server.url,
        "PYTHON_KEYRING_BACKEND": FILE,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    with closing(Home(folder, variables)) as home:
        yield home


def test_a_login_is_kept_for_the_commands_after_it(laptop: Home) -> None:
    before = laptop.wfstate("list", "--name", "nobody")
    logged_in = laptop.wfstate("login", "--username", "admin", answer="admin\n")
    listed = laptop.wfstate("list", "--name", "nobody")

    assert "You are not logged in" in before.stderr
    assert (logged_in.returncode, logged_in.stdout) == (0, ""), logged_in.stderr
    assert logged_in.stderr.endswith("the token is in the keyring.\n")
    assert (listed.returncode, listed.stdout) == (0, "No data found\n")
    assert [path.name for path in (laptop.path / "data" / "python_keyring").iterdir()] == ["keyring_pass.cfg"]


def test_a_token_is_kept_for_its_server_alone(laptop: Home) -> None:
    laptop.wfstate("login", "--username", "admin", answer="admin\n")

    elsewhere = laptop.wfstate("list", "--server", "http://airflow.invalid")

    assert elsewhere.returncode == 1
    assert "You are not logged in to http://airflow.invalid." in elsewhere.stderr


def test_where_no_backend_works_it_says_what_else_to_do(laptop: Home, api_server: ApiServer) -> None:
    words = ("wfstate", "login", "--username", "admin")
    refused = laptop.airflow(*words, answer="admin\n", PYTHON_KEYRING_BACKEND=NONE)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"export WFSTATE_TOKEN=$(airflow wfstate login --server {api_server.url} --print-token)" in refused.stderr
