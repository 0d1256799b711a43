"""The receiver in docs/reference/webhooks.md, exactly as printed, accepts what is really sent."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_wfstate.domain.rules.webhooks.secret import new_webhook_secret
from airflow_wfstate.webhooks.signature import signed_headers
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "webhooks.md"
BODY = '{"type":"wfstate.workflow.failed","text":"\\ud83d"}'


@pytest.fixture
def receive() -> Callable[[str, dict[str, str], bytes], int]:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - our own page
    found: Callable[[str, dict[str, str], bytes], int] = names["receive"]
    return found


def test_an_effect_happens_once(
    receive: Callable[[str, dict[str, str], bytes], int], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    headers = signed_headers("0199:7", BODY, [new, old], datetime.now(timezone.utc))
    assert [receive(secret, headers, BODY.encode()) for secret in (old, new)] == [204, 204]
    assert capsys.readouterr().out == "wfstate.workflow.failed\n"


def test_what_is_not_genuine_or_too_old_is_refused(receive: Callable[[str, dict[str, str], bytes], int]) -> None:
    secret, now = new_webhook_secret(), datetime.now(timezone.utc)
    headers = signed_headers("0199:7", BODY, [secret], now)
    assert receive(new_webhook_secret(), headers, BODY.encode()) == 401
    assert receive(secret, headers, BODY.encode() + b" ") == 401
    assert receive(secret, headers | {"webhook-id": "0199:8"}, BODY.encode()) == 401
    assert receive(secret, headers | {"webhook-timestamp": str(int(time.time()) + 1)}, BODY.encode()) == 401
    old = signed_headers("0199:7", BODY, [secret], now - timedelta(minutes=6))
    assert receive(secret, old, BODY.encode()) == 401


def test_the_schedule_on_the_page_is_the_one_that_is_kept() -> None:
    from airflow_wfstate.domain.rules.webhooks.delivery_schedule import DELAYS

    text = " ".join(PAGE.read_text().split())
    assert "about 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours" in text
    hours = [delay / timedelta(hours=1) for delay in DELAYS[3:]]
    assert (DELAYS[0], DELAYS[1], DELAYS[2], hours) == (
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        [2, 5, 10, 14, 20, 24],
    )
