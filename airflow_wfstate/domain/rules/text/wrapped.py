"""How a payload represents values that JSON does not have: as an object that names its class.

``{"__classname__": "builtins.tuple", "__version__": 1, "__data__": [...]}``, the form of Airflow's serialisation of
XComs; of a named tuple also ``"fields": [...]``; a dict with keys other than strings as
``{"__classname__": "wfstate.dict", "items": [[key, value], ...]}``; a datetime as
``{"__classname__": "wfstate.datetime", "at": ..., "zone": ..., "fold": ..., "pendulum": ...}``.
"""

from __future__ import annotations

from typing import Final

CLASS: Final = "__classname__"
"""As in ``airflow.sdk.serde``; a user's dict must not have this key."""

VERSION: Final = "__version__"
"""Of the form in which the class was stored."""

DATA: Final = "__data__"
"""What the value consists of: the items of a tuple, the fields of a dataclass, the text of a Decimal."""

FIELDS: Final = "fields"
"""The names of the items of a named tuple, in order; it is read as a plain tuple again."""

DICT: Final = "wfstate.dict"
DICT_ITEMS: Final = "items"
"""The pairs of key and value of a :data:`DICT`."""

DATETIME: Final = "wfstate.datetime"
