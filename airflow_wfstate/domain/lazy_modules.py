"""Modules of a package that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def modules_on_demand(package: str) -> Callable[[str], ModuleType]:
    """A module-level ``__getattr__`` (PEP 562) that imports the submodule of that name.

    :param package: the ``__name__`` of the package.
    """

    def import_submodule(name: str) -> ModuleType:
        module = f"{package}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None

    return import_submodule
