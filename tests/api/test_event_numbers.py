"""Numbers in events that no store could return unchanged."""

from __future__ import annotations

import httpx
import pytest

from tests.support.api_server import ApiServer


@pytest.mark.parametrize(
    ("number", "words"),
    [("1e400", "does not fit into a 64-bit number"), ("-1e999", "64-bit"), ("9" * 5000, "has 5000 digits")],
)
def test_a_number_that_cannot_be_kept_is_refused(api_server: ApiServer, number: str, words: str) -> None:
    body = f'{{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {{"amount": {number}}}}}'
    headers = {"Authorization": f"Bearer {api_server.token()}", "Content-Type": "application/cloudevents+json"}

    answer = httpx.post(f"{api_server.url}/wfstate/v1/events", content=body, headers=headers, timeout=30)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]
