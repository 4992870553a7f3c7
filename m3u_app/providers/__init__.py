"""Kinds of providers. Importing a module registers its provider; ``load`` is called when the app starts."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every provider module of this package so that each can register itself."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
