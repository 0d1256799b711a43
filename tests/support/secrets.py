"""A process that knows a secret, and then one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow._shared.secrets_masker import _secrets_masker as masker_of_server
from airflow.sdk._shared.secrets_masker import _secrets_masker as masker_of_tasks
from airflow.sdk.log import mask_secret


@contextmanager
def knowing(secret: str) -> Iterator[None]:
    """Register a secret with Airflow's maskers inside the block, and make them forget it afterwards."""
    maskers = (masker_of_server(), masker_of_tasks())
    known = [(set(masker.patterns), masker.replacer) for masker in maskers]
    mask_secret(secret)
    try:
        yield
    finally:
        for masker, (patterns, replacer) in zip(maskers, known, strict=True):
            masker.patterns, masker.replacer = patterns, replacer
