"""Which guide entries are used by channels. Channels live a floor above and tell through this registry."""

from collections.abc import Callable, Iterable

MappedIds = Callable[[], Iterable[int]]

SERVER_DELAY_SECONDS = 30  # a mirrored server has to be told of the link first, and then to load the programmes itself
LOAD_DELAY_SECONDS = 5  # 30 §4.7: assigning five hundred channels makes one pass, not five hundred

_providers: list[MappedIds] = []


def register_mapping(provider: MappedIds) -> None:
    """Add a function that gives the ids of entries in use. Called from ``AppConfig.ready``; repeating it is harmless."""
    if provider not in _providers:
        _providers.append(provider)


def mapped_ids() -> set[int]:
    """Ids of all entries that something uses. One query per provider."""
    return {entry_id for provider in _providers for entry_id in provider() if entry_id is not None}


def mapping_changed() -> None:
    """Ask for the programmes of entries that were mapped since their guide was imported.

    Collected over a few seconds; nothing is queued when every mapped entry has its programmes (30 §24 saving).
    """
    from epg_app.load_programmes import any_waiting
    from epg_app.mirror.programmes import programmes_due
    from tasks_app import engine
    from tasks_app.mirror.state import is_connected

    if is_connected():
        if programmes_due():
            engine.request_run_soon("epg_load_mapped", delay_seconds=SERVER_DELAY_SECONDS)
    elif any_waiting():
        engine.request_run_soon("epg_load_mapped", delay_seconds=LOAD_DELAY_SECONDS)
