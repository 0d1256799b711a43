"""The headers that sign a webhook: the Standard Webhooks specification, version v1 (HMAC-SHA256)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook


def signed_headers(event_id: str, body: str, secrets: Sequence[str], moment: datetime) -> dict[str, str]:
    """The three headers of a webhook.

    :param event_id: the same each time that the event is sent.
    :param body: exactly the bytes that are sent.
    :param secrets: ``whsec_...``, each gives a signature: two while a secret is being replaced.
    :param moment: the aware time of this attempt.
    """
    moment = moment.astimezone(timezone.utc)  # the library would treat any other time zone as UTC
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(event_id, moment, body) for secret in secrets),
    }
