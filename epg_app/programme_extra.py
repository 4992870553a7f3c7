"""The layout of ``Programme.extra``: everything of a programme that has no column of its own (30 §4.4).

What comes in goes out again (30 §16.3), so the values stay as the feed wrote them: trimmed, entities decoded, never
interpreted. Every key is left out when there is nothing to say; an empty dict is the common case.

========================  ==============================================================================================
key                       value
========================  ==============================================================================================
``flags``                 list of ``new``, ``live``, ``premiere``, ``finale``, ``repeat`` (previously shown), ``last_chance``
``premiere``              text of ``<premiere>``
``last_chance``           text of ``<last-chance>``
``previously_shown``      ``{"start": …, "channel": …}`` as written; each may be missing
``keywords``              list of texts
``date``                  ``<date>``: year or full date of production
``countries``             list of texts
``language``              ``<language>``
``orig_language``         ``<orig-language>``
``length``                ``[number, units]``; units are ``seconds``, ``minutes`` or ``hours``
``credits``               list of ``[job, name]`` or, for an actor, ``[job, name, role, guest]`` in file order; the jobs are
                          those of :data:`CREDIT_JOBS`; guest is true or false
``ratings``               list of ``[value, system]``, the first one is *the* rating; system may be empty
``star_ratings``          list of ``[value, system]``
``episode_nums``          list of ``[system, text]`` of every episode-num in file order, systems in lower case; a missing
                          system is ``onscreen``. ``xmltv_ns`` is among them: ``season`` and ``episode`` of the row are
                          derived and lose the part number
``episode_from``          ``"description"`` when season and episode were taken from (and cut off) the description
``video``                 dict of the child elements: ``present``, ``colour``, ``aspect``, ``quality``
``audio``                 dict of the child elements: ``present``, ``stereo``
``subtitles``             list of ``[type, language]``; each may be empty
``reviews``               list of dicts with ``text`` and optionally ``type``, ``source``, ``reviewer``, ``lang``
``images``                list of dicts with ``url`` and optionally ``type``, ``size``, ``orient``, ``system``
``url``                   first ``<url>``
========================  ==============================================================================================

Original air dates and ids at film databases are episode numbers of the systems ``original-air-date``,
``themoviedb.org``, ``thetvdb.com``, ``imdb.com``, ``dd_progid`` and so on: see :func:`external_ids`.
"""

from typing import Any, Final

CREDIT_JOBS: Final = (
    "director",
    "actor",
    "writer",
    "adapter",
    "producer",
    "composer",
    "editor",
    "presenter",
    "commentator",
    "guest",
)
EPISODE_SYSTEMS: Final = frozenset({"xmltv_ns", "onscreen", "sxxexx"})
"""Systems that number the episode; every other one names it in some catalogue."""


def external_ids(extra: dict[str, Any]) -> dict[str, str]:
    """Ids in catalogues by system, e.g. ``{"dd_progid": "EP01234567.0012"}``; the first one of a system wins."""
    found: dict[str, str] = {}
    for system, text in extra.get("episode_nums", ()):
        if system not in EPISODE_SYSTEMS and system != "original-air-date":
            found.setdefault(system, text)
    return found
