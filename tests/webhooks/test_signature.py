"""Standard Webhooks: the specification's own example, and what a receiver verifies that knows nothing about us."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from airflow_wfstate.domain.rules.webhooks.secret import check_webhook_secret, new_webhook_secret
from airflow_wfstate.exceptions import InvalidRequest
from airflow_wfstate.webhooks.signature import signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"test": 2432232314}'
SENT_AT = datetime.fromtimestamp(1614265330, timezone.utc)


def test_the_vector_of_the_specification() -> None:
    """Its id, timestamp, body and secret, with the signature that the reference libraries are tested with."""
    assert signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", BODY, [SECRET], SENT_AT) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("body", [BODY, "{}", '{"text":"\\ud83d"}', "x" * 100_000])
def test_the_signature_is_an_hmac_of_id_timestamp_and_body(body: str) -> None:
    """The rule of the specification, written out."""
    headers = signed_headers("msg_1", body, [SECRET], SENT_AT)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"msg_1.1614265330.{body}".encode(), hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    elsewhere = SENT_AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert signed_headers("msg_1", BODY, [SECRET], elsewhere) == signed_headers("msg_1", BODY, [SECRET], SENT_AT)


def test_while_a_secret_is_replaced_either_verifies() -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    headers = signed_headers("msg_1", BODY, [new, old], datetime.now(timezone.utc))

    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers) == {"test": 2432232314}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_webhook_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(BODY + " ", headers)


@pytest.mark.parametrize("size", [24, 32, 64])
def test_secrets_of_the_sizes_that_the_specification_allows(size: int) -> None:
    check_webhook_secret("whsec_" + base64.b64encode(bytes(size)).decode())


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_####",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_ü",
    ],
)
def test_other_secrets_are_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_webhook_secret(secret)
    assert len(secret) < 7 or secret not in str(refused.value)
