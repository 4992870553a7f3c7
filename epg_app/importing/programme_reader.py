"""Reads one programme element (30 §4.4). The hottest loop of the house: a million times per import.

Hence one long function with local names, a table of everything seen before, and regular expressions instead of a tree:
the shape ``<name attributes>text</name>`` of practically all children is matched in one go. Whatever has another shape
is rewritten by :func:`epg_app.importing.mending.mend` and read again.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from epg_app.importing.choices import ReadingChoices, language_rank
from epg_app.importing.compact_json import encode_json
from epg_app.importing.episodes import (
    ONSCREEN_SYSTEMS,
    UNKNOWN,
    EpisodeNumber,
    from_description,
    from_onscreen,
    from_xmltv_ns,
)
from epg_app.importing.markup import Decoder, OnOddity, attributes, end_of_tags, is_well_formed
from epg_app.importing.mending import CONTAINERS, LEAVES, mend
from epg_app.programme_extra import CREDIT_JOBS

Content = tuple[str, str, str, str, int | None, int | None, str, str, int]
"""Title, sub-title, description, categories (JSON), season, episode, icon, extra (JSON), length in minutes (0 = unknown)."""

NO_TITLE: Final = "No title"
TITLE_LENGTH: Final = 255
ICON_LENGTH: Final = 2000
MAX_REMEMBERED: Final = 20_000  # texts per table; beyond that the table starts anew
LONGEST_REMEMBERED: Final = 40  # characters; longer ones, such as addresses, do not repeat
LONGEST_USUAL: Final = 4096  # characters; longer contents are looked at twice before they are read
MAX_ITEMS: Final = 500  # keywords, credits … of one programme; real ones have a few dozen
_MINUTES: Final = {"seconds": 1 / 60, "minutes": 1, "hours": 60}
_JOBS: Final = frozenset(CREDIT_JOBS)
_TEXTS: Final = frozenset({"title", "sub-title", "desc"})

# Name, attributes, text, and "/" when the end tag of that name follows. A tag name cut short by a digit or a dot makes an
# attribute text that is not well-formed, and so leads to the mender.
_TOKENS = re.compile(r"<(/?[a-zA-Z:-]++)([^>]*+)>([^<]*+)(?:<(/)(?=\1))?").findall


_USUAL_ADDRESS = re.compile(r' src="([^"<>\s]*+)"\s*/?').fullmatch


class _NeedsMending(Exception):
    """The content does not have the plain shape."""


class ProgrammeReader:
    """Reads the contents of programmes of one guide. ``on_oddity`` is told the kind of each finding and the text."""

    def __init__(self, choices: ReadingChoices, on_oddity: OnOddity) -> None:
        self._language = choices.language
        self._on_oddity = on_oddity
        self._decode = Decoder(on_oddity)
        self._languages: dict[str, int] = {}  # attribute text → rank of its language
        self._systems: dict[str, str] = {}  # attribute text → system
        self._xmltv_ns: dict[str, EpisodeNumber] = {}
        self._onscreen: dict[str, EpisodeNumber] = {}
        self._categories: dict[tuple[str, ...], str] = {}
        self._sound: set[str] = set()  # attribute texts known to be well-formed

    def read(self, block: str, begin: int) -> Content:
        """Read ``block`` from ``begin``, the end of the start tag."""
        end = block.rfind("</programme")
        if end < begin:
            if block[begin - 2 : begin] == "/>":
                return (NO_TITLE, "", "", "[]", None, None, "", "{}", 0)  # it has no children
            self._on_oddity("unclosed", block[begin : begin + 200])
            end = len(block)
        if end - begin > LONGEST_USUAL:
            end = end_of_tags(block, begin, end)
        try:
            return self._read(_TOKENS(block, begin, end))
        except _NeedsMending:
            self._on_oddity("markup", block[begin : begin + 200])
        try:
            mended = mend(block[begin:end])
            return self._read(_TOKENS(mended, 0, end_of_tags(mended, 0, len(mended))))
        except _NeedsMending:  # mending makes the plain shape; should it ever fail, one item must not sink the guide
            return (NO_TITLE, "", "", "[]", None, None, "", "{}", 0)

    def _read(self, tokens: list[tuple[str, str, str, str]]) -> Content:  # noqa: PLR0912, PLR0915 - see above
        title = sub_title = description = icon = ""
        title_rank = sub_title_rank = description_rank = -1
        categories: list[str] = []
        numbers: list[list[str]] = []
        extra: dict[str, Any] = {}
        length = 0
        rated = False
        numbering: EpisodeNumber | None = None
        onscreen: EpisodeNumber | None = None
        container = ending = ""
        sound = self._sound
        language = self._language
        for name, attribute_text, raw, closed in tokens:
            if container:
                if name == ending:
                    container = ""
                    continue
                if container == "credits" and closed and not attribute_text and name in _JOBS and "&" not in raw:
                    text = raw.strip()
                    if text:
                        credit = [name, text] if name != "actor" else [name, text, "", False]
                        if "credits" in extra:
                            extra["credits"].append(credit)
                        else:
                            extra["credits"] = [credit]
                    continue
                if self._inside(container, name, attribute_text, raw, extra):
                    continue
                container = ""  # it was never closed
            if name == "category":
                if attribute_text and attribute_text not in sound:
                    self._check(attribute_text)
                text = self._decode(raw).strip() if "&" in raw else raw.strip()
                if text:
                    categories.append(text)
            elif name == "title" or name == "desc" or name == "sub-title":  # noqa: PLR1714 - faster than a set
                if not closed and attribute_text[-1:] != "/":
                    raise _NeedsMending
                if attribute_text and attribute_text not in sound:
                    self._check(attribute_text)
                text = self._decode(raw).strip() if "&" in raw else raw.strip()
                if not text:
                    continue
                rank = self._rank(attribute_text) if language else 0
                if name == "title":
                    if rank > title_rank:
                        title, title_rank = text, rank
                elif name == "desc":
                    if rank > description_rank:
                        description, description_rank = text, rank
                elif rank > sub_title_rank:
                    sub_title, sub_title_rank = text, rank
            elif name == "icon":
                if not icon:
                    icon = self._address(attribute_text)
            elif name == "episode-num":
                text = self._decode(raw).strip() if "&" in raw else raw.strip()
                if text:
                    system = self._systems.get(attribute_text) or self._system(attribute_text)
                    numbers.append([system, text])
                    if system == "xmltv_ns":
                        if numbering is None or numbering is UNKNOWN:
                            numbering = self._xmltv_ns.get(text) or self._number(self._xmltv_ns, from_xmltv_ns, text)
                    elif system in ONSCREEN_SYSTEMS and (onscreen is None or onscreen is UNKNOWN):
                        onscreen = self._onscreen.get(text) or self._number(self._onscreen, from_onscreen, text)
            elif name in CONTAINERS:
                self._check(attribute_text)
                if not closed and attribute_text[-1:] != "/":
                    container, ending = name, f"/{name}"
                if name != "credits":
                    rated = True
                    self._open(name, attribute_text, raw, extra)
            elif name[0] != "/":  # not the end of something unknown
                if attribute_text and attribute_text not in sound:
                    self._check(attribute_text)
                length = self._other(name, attribute_text, raw, extra) or length

        if len(title) > TITLE_LENGTH or "\n" in title or "\t" in title:
            title = " ".join(title.split())[:TITLE_LENGTH].rstrip()
        season = episode = None
        if numbers:
            season, episode = numbering or onscreen or UNKNOWN
            if onscreen is not None and (season is None or episode is None):
                season = onscreen.season if season is None else season
                episode = onscreen.episode if episode is None else episode
            extra["episode_nums"] = numbers[:MAX_ITEMS]
        if description and (season is None or episode is None):
            season, episode, description = _from_description(season, episode, description, extra)
        if rated:
            _drop_empty(extra)
        if not categories:
            category_json = "[]"
        else:
            key = tuple(categories)
            category_json = self._categories.get(key) or self._category_json(key[:MAX_ITEMS])
        return (
            title or NO_TITLE,
            sub_title,
            description,
            category_json,
            season,
            episode,
            icon if len(icon) <= ICON_LENGTH else "",
            encode_json(extra) if extra else "{}",
            length,
        )

    # --- remembered pieces ------------------------------------------------------------------------------------------
    def _check(self, attribute_text: str) -> None:
        if attribute_text in self._sound:
            return
        if not is_well_formed(attribute_text):
            raise _NeedsMending
        if len(attribute_text) <= LONGEST_REMEMBERED:
            if len(self._sound) >= MAX_REMEMBERED:
                self._sound.clear()
            self._sound.add(attribute_text)

    def _rank(self, attribute_text: str) -> int:
        rank = self._languages.get(attribute_text)
        if rank is None:
            rank = language_rank(self._attribute(attribute_text, "lang"), self._language)
            _remember(self._languages, attribute_text, rank, len(attribute_text))
        return rank

    def _system(self, attribute_text: str) -> str:
        self._check(attribute_text)
        system = self._attribute(attribute_text, "system").lower() or "onscreen"
        _remember(self._systems, attribute_text, system, len(attribute_text))
        return system

    def _category_json(self, names: tuple[str, ...]) -> str:
        distinct = {name.casefold(): name for name in reversed(names)}
        text = encode_json([name for name in names if distinct.pop(name.casefold(), None)])
        _remember(self._categories, names, text, len(text) // 4)
        return text

    def _number(self, table: dict[str, EpisodeNumber], reader: Callable[[str], EpisodeNumber], text: str) -> EpisodeNumber:
        number = reader(text)
        _remember(table, text, number, len(text))
        return number

    # --- children ---------------------------------------------------------------------------------------------------
    def _text(self, text: str) -> str:
        return (self._decode(text) if "&" in text else text).strip()

    def _attribute(self, attribute_text: str, name: str) -> str:
        if not attribute_text:
            return ""
        value = attributes(attribute_text).get(name, "")
        return (self._decode(value) if "&" in value else value).strip()

    def _address(self, attribute_text: str) -> str:
        usual = _USUAL_ADDRESS(attribute_text)
        if usual is None:
            self._check(attribute_text)
            return self._attribute(attribute_text, "src")
        address: str = usual.group(1)
        return self._decode(address).strip() if "&" in address else address

    def _attributes(self, attribute_text: str, names: tuple[str, ...]) -> dict[str, str]:
        found = {name: self._attribute(attribute_text, name) for name in names}
        return {name: value for name, value in found.items() if value}

    def _open(self, name: str, attribute_text: str, text: str, extra: dict[str, Any]) -> None:
        if name in ("rating", "star-rating"):
            key = "ratings" if name == "rating" else "star_ratings"
            extra.setdefault(key, []).append([self._text(text), self._attribute(attribute_text, "system")])
        elif name == "subtitles":
            extra.setdefault("subtitles", []).append([self._attribute(attribute_text, "type"), ""])

    def _inside(self, container: str, name: str, attribute_text: str, text: str, extra: dict[str, Any]) -> bool:
        """Take a child of ``container``; False when it cannot be one, so that the container must have ended."""
        if attribute_text:
            self._check(attribute_text)
        text = self._text(text)
        if container == "credits":
            if name in _JOBS:
                if text:
                    _append(extra, "credits", self._credit(name, attribute_text, text))
                return True
            return name in ("image", "url") or name not in _TOP_LEVEL
        if container in ("rating", "star-rating"):
            if name == "value":
                ratings = extra["ratings" if container == "rating" else "star_ratings"]
                ratings[-1][0] = ratings[-1][0] or text
            return name == "icon" or name not in _TOP_LEVEL
        if container == "subtitles":
            if name == "language":
                extra["subtitles"][-1][1] = text
            return name == "language" or name not in _TOP_LEVEL
        if name in _SIGNAL and text:  # video, audio
            extra.setdefault(container, {}).setdefault(name, text)
        return name not in _TOP_LEVEL

    def _credit(self, job: str, attribute_text: str, name: str) -> list[Any]:
        name = " ".join(name.split())
        if job != "actor":
            return [job, name]
        if not attribute_text:
            return [job, name, "", False]
        guest = self._attribute(attribute_text, "guest").lower() in ("yes", "true", "1")
        return [job, name, self._attribute(attribute_text, "role"), guest]

    def _other(self, name: str, attribute_text: str, raw: str, extra: dict[str, Any]) -> int:
        """Take one of the rarer children; returns the length in minutes when it is one, else 0."""
        text = self._text(raw)
        if name == "length":
            return self._length(attribute_text, text, extra)
        if name in _PLAIN:
            if text:
                extra.setdefault(_PLAIN[name], text)
        elif name in _LISTS:
            if text and text not in extra.get(_LISTS[name], ()):
                _append(extra, _LISTS[name], text)
        elif name in _FLAGS:
            self._flagged(name, attribute_text, text, extra)
        elif name == "review":
            if text:
                review = {"text": text} | self._attributes(attribute_text, ("type", "source", "reviewer", "lang"))
                _append(extra, "reviews", review)
        elif name == "image":
            if text:
                image = {"url": text} | self._attributes(attribute_text, ("type", "size", "orient", "system"))
                _append(extra, "images", image)
        elif ":" in name and name.rpartition(":")[2] in _TEXTS | {"category", "icon", "episode-num"}:
            raise _NeedsMending  # a prefix that was not declared at the head of the file
        return 0

    def _flagged(self, name: str, attribute_text: str, text: str, extra: dict[str, Any]) -> None:
        """An element whose presence says something; some say more."""
        _flag(extra, _FLAGS[name])
        if name in ("premiere", "last-chance") and text:
            extra[_FLAGS[name]] = text
            if name == "premiere" and "finale" in text.lower():
                _flag(extra, "finale")
        elif name == "previously-shown":
            shown = self._attributes(attribute_text, ("start", "channel"))
            if shown:
                extra["previously_shown"] = shown

    def _length(self, attribute_text: str, text: str, extra: dict[str, Any]) -> int:
        units = self._attribute(attribute_text, "units").lower() or "minutes"
        if units not in _MINUTES or not text.isascii() or not text.isdigit() or len(text) > 6:
            return 0
        extra.setdefault("length", [int(text), units])
        return round(int(text) * _MINUTES[units])


_SIGNAL: Final = frozenset({"present", "colour", "aspect", "quality", "stereo"})
_TOP_LEVEL: Final = (LEAVES | CONTAINERS) - _JOBS - _SIGNAL - {"value"}
"""What cannot stand inside a container, so that its appearance ends one that was never closed."""
_PLAIN: Final = {"date": "date", "language": "language", "orig-language": "orig_language", "url": "url"}
_LISTS: Final = {"keyword": "keywords", "country": "countries"}
_FLAGS: Final = {
    "new": "new",
    "live": "live",
    "premiere": "premiere",
    "last-chance": "last_chance",
    "previously-shown": "repeat",
}


def _flag(extra: dict[str, Any], flag: str) -> None:
    flags = extra.setdefault("flags", [])
    if flag not in flags:
        flags.append(flag)


def _from_description(
    season: int | None, episode: int | None, description: str, extra: dict[str, Any]
) -> tuple[int | None, int | None, str]:
    """Fill what is still unknown; the text is shortened only when it supplied both numbers."""
    number, shortened = from_description(description)
    if number is UNKNOWN:
        return season, episode, description
    if season is None and episode is None:
        extra["episode_from"] = "description"
        return number.season, number.episode, shortened
    return (number.season if season is None else season), (number.episode if episode is None else episode), description


def _append(extra: dict[str, Any], key: str, item: Any) -> None:
    items = extra.setdefault(key, [])
    if len(items) < MAX_ITEMS:
        items.append(item)


def _drop_empty(extra: dict[str, Any]) -> None:
    """Forget ratings without a value and subtitles that say nothing."""
    for key in ("ratings", "star_ratings"):
        if key in extra:
            extra[key] = [rating for rating in extra[key] if rating[0]][:MAX_ITEMS]
            if not extra[key]:
                del extra[key]
    if "subtitles" in extra:
        extra["subtitles"] = [subtitle for subtitle in extra["subtitles"] if any(subtitle)][:MAX_ITEMS]
        if not extra["subtitles"]:
            del extra["subtitles"]


def _remember(table: dict[Any, Any], key: Any, value: Any, size: int) -> None:
    if size > LONGEST_REMEMBERED:
        return
    if len(table) >= MAX_REMEMBERED:
        table.clear()
    table[key] = value
