"""The server that a client calls, and the errors that explain why it cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from airflow_wfstate.backends.trust import Trust
from airflow_wfstate.exceptions import ServerUnreachable


@dataclass(frozen=True)
class CalledServer:
    """How error messages name a server.

    :param url: where requests are sent.
    :param configured_by: where the URL comes from ("the Airflow connection wfstate_default").
    :param trust: which of its certificates to accept.
    :param connection_id: the Airflow connection that the URL comes from; None if it comes from configuration options.
    """

    url: str
    configured_by: str
    trust: Trust
    connection_id: str | None = None

    def unreachable(self, complaint: str, further: str = "") -> ServerUnreachable:
        """Make the error for a server that is not there, or is the wrong one.

        :param complaint: what the server did, without a full stop: "answered 404".
        :param further: another possible remedy, with a leading space.
        """
        correction = "correct it"
        if self.connection_id is None:
            correction += ", or define the Airflow connection wfstate_default (type wfstate), or set [wfstate] api_url"
        return ServerUnreachable(
            f"The api-server at {self.url} {complaint}.",
            f"The URL comes from {self.configured_by}: {correction}; and install airflow-provider-wfstate on the "
            f"api-server.{further}",
        )

    def unanswered(self, failure: httpx.TransportError) -> ServerUnreachable:
        """Make the error for a request that got no answer."""
        if isinstance(failure, httpx.ProxyError):
            return ServerUnreachable(
                f"The proxy in front of the api-server at {self.url} did not forward the request ({failure}).",
                "Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY in the environment of this process, or add the server's "
                "host to NO_PROXY.",
            )
        return self.unreachable(f"did not answer ({type(failure).__name__}: {failure})")

    def untrusted(self, reason: str) -> ServerUnreachable:
        """Make the error for a server whose certificate was refused.

        :param reason: OpenSSL's reason, without a full stop: "self-signed certificate".
        """
        connection = "of type wfstate" if self.connection_id is None else self.connection_id
        return ServerUnreachable(
            f"The certificate of the api-server at {self.url} is not trusted here: {reason}. This process trusts "
            f"{self.trust.described()}.",
            "Name the file of the authority that signed it (for a self-signed one: the certificate itself) in the "
            f"extra 'ca' of the Airflow connection {connection}, or in [api] ssl_ca_file, and call the server by a "
            f"name that its certificate holds: the URL comes from {self.configured_by}.",
        )
