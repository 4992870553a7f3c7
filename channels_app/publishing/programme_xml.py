"""Writes one programme as XMLTV, with everything that came in (30 §16.3; stored layout: epg_app.programme_extra).

Hundreds of thousands of these are written in a row, so texts are joined by hand, and parts that repeat from programme to
programme (times, categories, flags) are remembered. Elements stand in the order of the XMLTV DTD.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from channels_app.publishing.output_text import xml_attribute, xml_text
from epg_app.queries import RawAiring

REMEMBERED = 20_000  # of each kind; about 10 MB at most


class ExtraParts(NamedTuple):
    """Elements from the extras of a programme, by their place."""

    before_category: str
    after_category: str
    after_icon: str


def programme_xml(airing: RawAiring, channel_attribute: str) -> str:
    """One ``<programme>`` element with a line end. ``channel_attribute`` is the escaped output id."""
    parts = [
        f'<programme start="{_time(airing.start)}" stop="{_time(airing.stop)}" channel="{channel_attribute}">'
        f"<title>{xml_text(airing.title)}</title>"
    ]
    if airing.sub_title:
        parts.append(f"<sub-title>{xml_text(airing.sub_title)}</sub-title>")
    if airing.description:
        parts.append(f"<desc>{xml_text(airing.description)}</desc>")
    extra = _extra_parts(airing.extra, airing.season, airing.episode)
    parts.append(extra.before_category)
    if airing.categories != "[]":
        parts.append(_categories(airing.categories))
    parts.append(extra.after_category)
    if airing.icon_url:
        parts.append(f'<icon src="{xml_attribute(airing.icon_url)}"/>')
    parts.append(extra.after_icon)
    parts.append("</programme>\n")
    return "".join(parts)


@lru_cache(REMEMBERED)
def _time(stored: str) -> str:
    """``2026-03-01 20:00:00`` (UTC) → ``20260301200000 +0000``."""
    digits = stored[:19].replace("-", "").replace(":", "").replace(" ", "")
    return f"{digits} +0000"


@lru_cache(REMEMBERED)
def _categories(stored: str) -> str:
    return _each("category", json.loads(stored))


@lru_cache(REMEMBERED)
def _extra_parts(stored: str, season: int | None, episode: int | None) -> ExtraParts:
    extra: dict[str, Any] = json.loads(stored) if stored and stored != "{}" else {}
    length = extra.get("length")
    return ExtraParts(
        before_category=_credits(extra.get("credits", ())) + _one("date", extra.get("date")),
        after_category=(
            _each("keyword", extra.get("keywords", ()))
            + _one("language", extra.get("language"))
            + _one("orig-language", extra.get("orig_language"))
            + (f'<length units="{xml_attribute(str(length[1]))}">{xml_text(str(length[0]))}</length>' if length else "")
        ),
        after_icon=(
            _one("url", extra.get("url"))
            + _each("country", extra.get("countries", ()))
            + _episodes(extra, season, episode)
            + _parts("video", extra.get("video"), ("present", "colour", "aspect", "quality"))
            + _parts("audio", extra.get("audio"), ("present", "stereo"))
            + _flags(extra)
            + "".join(_subtitles(kind, language) for kind, language in extra.get("subtitles", ()))
            + "".join(_rated("rating", value, system) for value, system in extra.get("ratings", ()))
            + "".join(_rated("star-rating", value, system) for value, system in extra.get("star_ratings", ()))
            + "".join(_element("review", review.get("text", ""), review) for review in extra.get("reviews", ()))
            + "".join(_element("image", image.get("url", ""), image) for image in extra.get("images", ()))
        ),
    )


def _one(name: str, text: object) -> str:
    return f"<{name}>{xml_text(str(text))}</{name}>" if text else ""


def _each(name: str, texts: Iterable[object]) -> str:
    return "".join(_one(name, text) for text in texts)


def _credits(people: Iterable[list[Any]]) -> str:
    lines = []
    for job, name, *actor in people:
        role = f' role="{xml_attribute(actor[0])}"' if actor and actor[0] else ""
        guest = ' guest="yes"' if len(actor) > 1 and actor[1] else ""
        lines.append(f"<{job}{role}{guest}>{xml_text(name)}</{job}>")
    return f"<credits>{''.join(lines)}</credits>" if lines else ""


def _episodes(extra: dict[str, Any], season: int | None, episode: int | None) -> str:
    """As they came; season and episode that were found elsewhere are written in both usual notations."""
    numbers = [(system, text) for system, text in extra.get("episode_nums", ())]
    systems = {system for system, _text in numbers}
    if (season or episode) and "xmltv_ns" not in systems:
        if not systems & {"onscreen", "sxxexx"}:
            shown = (f"S{season:02d}" if season else "") + (f"E{episode:02d}" if episode else "")
            numbers.append(("onscreen", shown))
        numbers.append(("xmltv_ns", f"{season - 1 if season else ''}.{episode - 1 if episode else ''}."))
    return "".join(f'<episode-num system="{xml_attribute(system)}">{xml_text(text)}</episode-num>' for system, text in numbers)


def _parts(name: str, values: dict[str, str] | None, order: tuple[str, ...]) -> str:
    inner = "".join(_one(part, (values or {}).get(part)) for part in order)
    return f"<{name}>{inner}</{name}>" if inner else ""


def _flags(extra: dict[str, Any]) -> str:
    flags = extra.get("flags", ())
    shown = extra.get("previously_shown") or {}
    lines = []
    if shown or "repeat" in flags:
        start = f' start="{xml_attribute(shown["start"])}"' if shown.get("start") else ""
        channel = f' channel="{xml_attribute(shown["channel"])}"' if shown.get("channel") else ""
        lines.append(f"<previously-shown{start}{channel}/>")
    for element, key, flag in (("premiere", "premiere", "premiere"), ("last-chance", "last_chance", "last_chance")):
        if extra.get(key):
            lines.append(_one(element, extra[key]))
        elif flag in flags:
            lines.append(f"<{element}/>")
    lines += [f"<{flag}/>" for flag in ("new", "live") if flag in flags]
    return "".join(lines)


def _subtitles(kind: str, language: str) -> str:
    attribute = f' type="{xml_attribute(kind)}"' if kind else ""
    return f"<subtitles{attribute}>{_one('language', language)}</subtitles>"


def _rated(name: str, value: str, system: str) -> str:
    attribute = f' system="{xml_attribute(system)}"' if system else ""
    return f"<{name}{attribute}>{_one('value', value)}</{name}>"


def _element(name: str, text: str, values: dict[str, str]) -> str:
    attributes = "".join(
        f' {key}="{xml_attribute(str(value))}"' for key, value in values.items() if key not in ("text", "url") and value
    )
    return f"<{name}{attributes}>{xml_text(text)}</{name}>" if text else ""
