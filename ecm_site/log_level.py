"""How much is logged can be changed while everything runs, in every process (50 S-3, §5.1 ``backend_log_level``).

The level is that of what is written out. The log of a run keeps its own, so that hiding information lines from the
terminal does not empty the pages of the runs.
"""

import logging

from django.conf import settings

from ecm_site.conf import get_settings

_OUTPUTS = ("console", "recent")  # names of the handlers in LOGGING
_RUN_LOG_LEVEL = logging.INFO

_applied: str | None = None


def chosen_level() -> str:
    """The level in force: what the settings say, else LOG_LEVEL from the environment."""
    return get_settings().backend_log_level or settings.LOG_LEVEL


def follow_log_level(*_: object, **__: object) -> None:
    """Bring this process in line with the settings; costs one look at the settings file when nothing changed.

    Takes anything: it is called for each request, once a minute by the worker, and whenever a run tells something.
    """
    global _applied
    level = chosen_level()
    if level == _applied:
        return
    number = logging.getLevelNamesMapping()[level]
    root = logging.getLogger()
    for handler in root.handlers:
        if handler.get_name() in _OUTPUTS:
            handler.setLevel(number)
    root.setLevel(min(number, _RUN_LOG_LEVEL))
    was, _applied = _applied, level
    if was is not None:
        logging.getLogger(__name__).warning("[CONFIG] Log level is now %s (was %s)", level, was)
