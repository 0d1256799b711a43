"""One attempt to deliver a webhook, and its result.

It follows no redirects and uses no proxies from the environment, because either could lead to an address that was not
checked.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import certifi
import httpcore

from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.webhooks.allowed_hosts import AllowedHosts
from airflow_wfstate.webhooks.connection import DEADLINE, CheckedNetwork, time_left

log = logging.getLogger(__name__)

MAX_SHOWN: Final = 1000
"""The most characters of an answer that are stored."""

_MAX_READ: Final = 64 * 1024
"""The most bytes of an answer that are read. A longer one is cut off, and its connection is closed."""

_GONE: Final = 410
_UNAVAILABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Result:
    """The result of an attempt.

    :param status: the HTTP status; None if there was no answer.
    :param text: the beginning of the answer, or why there was none.
    :param wait: how long the receiver asks to wait (``Retry-After``), at most an hour; None if it does not.
    """

    status: int | None
    text: str
    wait: timedelta | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver accepted the event: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more events, which it signals with 410 according to the specification."""
        return self.status == _GONE

    @property
    def is_about_receiver(self) -> bool:
        """Whether the receiver as a whole fails, and not only this event: no answer, or a status that means this."""
        return self.status is None or self.status in _UNAVAILABLE


class Sender:
    """Sends webhooks to one receiver. Thread-safe.

    :param url: URL of the receiver, checked with :func:`~airflow_wfstate.domain.rules.webhooks.url.check_webhook_url`.
    :param allowed: which hosts may be reached.
    :param timeout: for a whole attempt, from the lookup of the host's name to the last byte of the answer.
    """

    def __init__(self, url: str, allowed: AllowedHosts, timeout: timedelta) -> None:
        self._url = url
        self._parts = urlsplit(url)
        self._allowed = allowed
        self._timeout = timeout.total_seconds()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(),
            network_backend=CheckedNetwork(allowed),
            max_keepalive_connections=4,
            keepalive_expiry=5,
            retries=0,
        )

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._pool.close()

    def send(self, body: str, headers: Mapping[str, str]) -> Result:
        """Send once, with additional headers. Whatever network and receiver do is a result, not an error."""
        DEADLINE.set(time.monotonic() + self._timeout)
        try:
            self._allowed.check_scheme(self._parts.scheme, self._parts.hostname or "")
            return self._send(body.encode(), headers)
        except InvalidRequest as error:
            return Result(None, str(error)[:MAX_SHOWN])
        except (httpcore.TimeoutException, TimeoutError):
            return Result(None, f"No answer within {self._timeout:g} s.")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
            return Result(None, f"No answer: {_said(error)}"[:MAX_SHOWN])
        except ValueError as error:  # not a valid host name: IDNA, or a label that is too long
            return Result(None, f"The URL cannot be used: {error}"[:MAX_SHOWN])
        except Exception as error:  # one delivery must not block all others over and over
            log.exception("A webhook could not be sent to %s.", self._parts.hostname)
            return Result(None, f"{type(error).__name__}: {error}"[:MAX_SHOWN])

    def _send(self, body: bytes, headers: Mapping[str, str]) -> Result:
        timeout = time_left()
        own = {"Host": self._parts.netloc, "Content-Length": str(len(body)), "Accept": "*/*"}
        request = httpcore.Request(
            "POST",
            self._url,
            headers=[*headers.items(), *own.items()],
            content=body,
            extensions={"timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}},
        )
        response = self._pool.handle_request(request)
        with closing(response):
            text = bytearray()
            try:
                for part in response.iter_stream():
                    text += part
                    if len(text) >= _MAX_READ:
                        break
            except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
                pass  # the status is the answer; its text is for people
        return Result(response.status, _shown(bytes(text)), _wait(response))


def _wait(response: httpcore.Response) -> timedelta | None:
    """The seconds of a ``Retry-After``. A date is ignored."""
    for name, value in response.headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 10:
            return min(timedelta(seconds=int(value)), _MAX_WAIT)
    return None


def _shown(answer: bytes) -> str:
    return answer[: 4 * MAX_SHOWN].decode("utf-8", "replace").replace("\x00", "\\x00")[:MAX_SHOWN]


def _said(error: BaseException) -> str:
    """The text of a transport error; for errors that httpcore maps, it may only be in their cause."""
    return str(error) or str(error.__cause__ or "") or type(error).__name__


@cache
def _trusted() -> ssl.SSLContext:
    """Trust the system's authorities (or ``SSL_CERT_FILE``) and the public ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
