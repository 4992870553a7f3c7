"""Which channels have no guide. Channels live a floor above and tell through this registry."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Guideless:
    """Ids of channels without a guide channel that may get one; ``left_out``: how many shall have none, or keep theirs."""

    ids: tuple[int, ...] = ()
    left_out: int = 0


_providers: list[Callable[[], Guideless]] = []


def register_guideless(provider: Callable[[], Guideless]) -> None:
    """Called from ``AppConfig.ready``; repeating it is harmless."""
    if provider not in _providers:
        _providers.append(provider)


def guideless_channels() -> Guideless:
    found = [provider() for provider in _providers]
    return Guideless(tuple(pk for each in found for pk in each.ids), sum(each.left_out for each in found))
