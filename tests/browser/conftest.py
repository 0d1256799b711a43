"""A live api-server with the test workflows, and a Chromium that watches what its pages do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from sqlalchemy import create_engine

from airflow_wfstate.backends.database import DatabaseBackend
from airflow_wfstate.domain.messages.cancel import CancelWorkflow
from tests.browser.story import Story, tell
from tests.support.airflow_rows import AirflowRows
from tests.support.api_server import ApiServer, ApiServerProcess
from tests.support.wide_workflow import add_items
from tests.support.world import World

# Without these, Chromium contacts its vendor's hosts for updates and experiments.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_DOWNLOAD_SECONDS = 180
_LEFT_OUT = "BROWSER TESTS WERE LEFT OUT: there is no Chromium, and Playwright could not download one."
ITEMS = 2000
"""How many items the step of the very wide workflow has."""
PATIENCE = 60_000
"""How long to wait, in milliseconds, for something to appear: long, for a machine that is busy with other work."""

expect.set_options(timeout=PATIENCE)

OpenPage = Callable[..., Page]
ContextOf = Callable[[str, str], BrowserContext]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium, or of Playwright's own.

    .ci/run sets WFSTATE_BROWSER_TESTS=required: there it is an error when there is none.
    """
    with sync_playwright() as playwright:
        path = _installed() or _downloaded(Path(playwright.chromium.executable_path))
    if path is None:
        assert os.environ.get("WFSTATE_BROWSER_TESTS") != "required", _LEFT_OUT
        pytest.skip(_LEFT_OUT)
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium for one module. Playwright's event loop runs as long, and asyncio.run() does not work meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield browser
        browser.close()


def _installed() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def _downloaded(own: Path) -> str | None:
    if not own.is_file():
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        try:
            subprocess.run(command, check=False, capture_output=True, timeout=_DOWNLOAD_SECONDS)
        except subprocess.TimeoutExpired:
            return None
    return str(own) if own.is_file() else None


@pytest.fixture(scope="session")
def site_url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database only for these tests."""
    copy = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("browser"))
    return f"sqlite:///{copy}"


@pytest.fixture(scope="session")
def world(site_url: str) -> Iterator[World]:
    """Direct access to the tables, to create workflows and to see what a button did."""
    engine = create_engine(site_url)
    yield World(DatabaseBackend(engine), AirflowRows(engine))
    engine.dispose()


@pytest.fixture(scope="session")
def story(world: World) -> Story:
    """The workflows that the page shows."""
    return tell(world)


@pytest.fixture(scope="module")
def very_wide_id(world: World) -> Iterator[str]:
    """A running workflow with 2,000 items of one step, of which 200 have failed."""
    run_id = world.rows.add_run("intake")
    workflow_id = world.start(run_id, name="wide").workflow.id
    world.step_done(run_id, "prepare")
    add_items(world.rows.engine, workflow_id, run_id, ITEMS)
    yield workflow_id
    world.backend.cancel_workflow(CancelWorkflow(workflow_id))


@pytest.fixture(scope="session")
def site_process(
    chromium: str, site_url: str, story: Story, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServerProcess]:
    """The api-server that shows them. A test that stops it must start it again."""
    # Nothing in the story moves, so no sweep may flag workflows without progress.
    quiet = {"AIRFLOW__WFSTATE__SWEEP_INTERVAL_SECONDS": "86400"}
    process = ApiServerProcess(site_url, tmp_path_factory.mktemp("site"), quiet)
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def site(site_process: ApiServerProcess, site_url: str) -> ApiServer:
    """The address of the api-server."""
    return ApiServer(site_process.url, site_url, site_process.pid)


@pytest.fixture(scope="session")
def tokens(site: ApiServer) -> dict[str, str]:
    """The tokens of an administrator and a viewer."""
    return {login: site.token(login) for login in ("admin", "viewer")}


@pytest.fixture(scope="module")
def contexts(browser: Browser, site: ApiServer, tokens: dict[str, str]) -> Iterator[ContextOf]:
    """A user's browser with a theme, kept so that Airflow's own scripts are loaded once and not by each test."""
    known: dict[tuple[str, str], BrowserContext] = {}

    def context_of(login: str, theme: str) -> BrowserContext:
        if (login, theme) not in known:
            context = browser.new_context(color_scheme=_scheme(theme), reduced_motion="reduce")
            context.add_cookies([{"name": "_token", "value": tokens[login], "url": site.url}])
            context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
            known[login, theme] = context
        return known[login, theme]

    yield context_of
    for context in known.values():
        context.close()


@pytest.fixture
def open_page(contexts: ContextOf, site: ApiServer) -> Iterator[OpenPage]:
    """Opens a path as a user, with a theme and a width. No page may log an error or contact another host."""
    complaints: list[str] = []
    hosts: set[str | None] = set()
    pages: list[Page] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} at {message.location.get('url')}")

    def asked(request: Request) -> None:
        if request.url.startswith(("http:", "https:")):
            hosts.add(urlsplit(request.url).netloc)

    def opened(path: str, login: str = "admin", theme: str = "light", width: int = 1400) -> Page:
        page = contexts(login, theme).new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", asked)
        page.goto(f"{site.url}{path}")
        return page

    yield opened
    for page in pages:
        page.close()
    assert complaints == []
    assert hosts <= {urlsplit(site.url).netloc}


def _scheme(theme: str) -> Literal["dark", "light"]:
    return "dark" if theme == "dark" else "light"


def faults(page: Page) -> list[str]:
    """The serious violations that axe-core finds in our part of the page: the rule and the place."""
    options = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    page.wait_for_timeout(300)  # axe takes a colour that is still fading for the final one
    found = Axe().run(page, context=OURS, options=options).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


OURS = "[data-wfstate]"
"""Selects what the plugin renders inside Airflow's page."""
