"""Cache masked payloads, so that polling a page does not mask the same large output each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

_MAX_ENTRIES: Final = 64
_MAX_CHARACTERS: Final = 8 * 1024 * 1024
"""The most bytes of all texts together."""


class MaskedTexts:
    """At most 64 texts with 8 MiB in total. The least recently used one is evicted first."""

    def __init__(self) -> None:
        self._texts: OrderedDict[Hashable, str | None] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def get(self, key: Hashable, mask: Callable[[], str | None]) -> str | None:
        """The text for a key, created with ``mask`` if it is missing. None for "nothing to hide" is cached, too."""
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        text = mask()
        with self._lock:
            self._characters += _length(text) - _length(self._texts.pop(key, None))
            self._texts[key] = text
            while len(self._texts) > _MAX_ENTRIES or self._characters > _MAX_CHARACTERS:
                _, dropped = self._texts.popitem(last=False)
                self._characters -= _length(dropped)
        return text


def _length(text: str | None) -> int:
    return 0 if text is None else len(text)
