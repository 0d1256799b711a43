"""The forms in which payloads are stored, and what is reported when they are damaged."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from airflow_wfstate.domain.rules.payload import Payload
from airflow_wfstate.exceptions import PayloadDamaged, PayloadUnavailable
from airflow_wfstate.store.payloads.shown_payload import shown
from airflow_wfstate.store.payloads.stored_payload import StoredPayload, keep, payload_of, size_of
from tests.support.payload_options import new_key, payload_options

PAYLOAD = Payload.of({"card_number": "4111", "much": "x" * 300})
PLACE = f"{uuid4()}/{uuid4()}/1"


def _back(kept: StoredPayload) -> Payload | None:
    return payload_of(kept.text, kept.type, kept.sha256)


def test_without_options_the_column_is_the_text_itself() -> None:
    with payload_options():
        kept = keep(PAYLOAD, PLACE)
        assert kept.text == PAYLOAD.text
        assert _back(kept) == PAYLOAD


def test_an_encrypted_payload_does_not_show_and_comes_back() -> None:
    with payload_options(keys=[new_key()]):
        kept = keep(PAYLOAD, PLACE)
        assert "4111" not in kept.text
        assert size_of(kept.text) == PAYLOAD.size
        assert _back(kept) == PAYLOAD


def test_a_large_payload_is_a_file_that_is_named_by_ids_and_its_hash(tmp_path: Path) -> None:
    with payload_options(folder=tmp_path, inline_bytes=PAYLOAD.size - 1):
        kept = keep(PAYLOAD, PLACE)
        (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert file.relative_to(tmp_path).as_posix().startswith(f"{PLACE}-{PAYLOAD.sha256}-")
        assert file.read_text() == PAYLOAD.text
        assert size_of(kept.text) == PAYLOAD.size
        assert _back(kept) == PAYLOAD


def test_a_payload_of_just_the_inline_limit_stays_in_the_database(tmp_path: Path) -> None:
    with payload_options(folder=tmp_path, inline_bytes=PAYLOAD.size):
        assert not keep(PAYLOAD, PLACE).is_in_file
        assert not list(tmp_path.iterdir())


def test_a_file_is_encrypted_too(tmp_path: Path) -> None:
    with payload_options(folder=tmp_path, keys=[new_key()]):
        kept = keep(PAYLOAD, PLACE)
        (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert "4111" not in file.read_text()
        assert _back(kept) == PAYLOAD


def test_what_was_stored_before_the_options_were_set_is_read_on(tmp_path: Path) -> None:
    key = new_key()
    with payload_options():
        plain = keep(PAYLOAD, PLACE)
    with payload_options(keys=[key]):
        encrypted = keep(PAYLOAD, PLACE)
    with payload_options(folder=tmp_path, keys=[new_key(), key], encrypt=False):
        assert _back(plain) == _back(encrypted) == PAYLOAD


def test_a_file_that_is_gone_or_was_changed_is_told(tmp_path: Path) -> None:
    with payload_options(folder=tmp_path):
        kept = keep(PAYLOAD, PLACE)
        (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
        file.write_text(PAYLOAD.text.replace("4111", "4112"))
        with pytest.raises(PayloadDamaged, match=f"does not match its sha256 {PAYLOAD.sha256}"):
            kept.open()
        file.unlink()
        with pytest.raises(PayloadDamaged, match=f"The file {PLACE}.* of a stored value is missing"):
            kept.open()


def test_a_path_that_cannot_be_reached_is_worth_another_try(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    with (
        payload_options(folder=blocked),
        pytest.raises(PayloadUnavailable, match=r"cannot be written to .* payload_path"),
    ):
        keep(PAYLOAD, PLACE)
    with payload_options(folder=tmp_path):
        kept = keep(PAYLOAD, PLACE)
    with payload_options(), pytest.raises(PayloadUnavailable, match="payload_path is empty"):
        kept.open()


def test_a_key_that_is_gone_is_told_and_no_key_at_all_refuses_to_store() -> None:
    with payload_options(keys=[new_key()]):
        kept = keep(PAYLOAD, PLACE)
    with payload_options(keys=[new_key()]), pytest.raises(PayloadDamaged, match="fernet_key no longer has"):
        kept.open()
    with payload_options(encrypt=True), pytest.raises(PayloadUnavailable, match="fernet_key is empty"):
        keep(PAYLOAD, PLACE)


def test_people_are_told_why_a_value_cannot_be_shown() -> None:
    with payload_options(keys=[new_key()]):
        kept = keep(PAYLOAD, PLACE)
    with payload_options(keys=[new_key()]):
        payload = shown(kept)
    assert payload.is_masked
    assert (payload.size, payload.sha256) == (PAYLOAD.size, PAYLOAD.sha256)
    assert json.loads(payload.text).startswith("(cannot be read: ")
