"""What a player may ask for in the query of a published address (30 §16.1)."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from ecm_site.conf import TVG_ID_SOURCES, get_settings

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")
MAX_DAYS = 365
MAX_PREVIOUS_DAYS = 30
MAX_GROUPS = 50


class BadOption(ValueError):
    """A query value that cannot be used; the text says which and what is possible. Answered with 400."""


@dataclass(frozen=True)
class OutputOptions:
    """``groups`` empty = all; ``days`` 0 = the whole future; ``previous_days`` 0 = nothing that is over.

    ``profile``: only channels enabled in that channel profile (10 §17), "" = all. It is a part of the address, not its query.
    """

    tvg_id_source: str
    groups: tuple[str, ...] = ()
    direct: bool = False
    days: int = 0
    previous_days: int = 0
    profile: str = ""

    def for_playlist(self) -> "OutputOptions":
        """Only what changes a playlist."""
        return replace(self, days=0, previous_days=0)

    def for_guide(self) -> "OutputOptions":
        """Only what changes a guide."""
        return replace(self, direct=False)

    def guide_query(self, default_source: str) -> str:
        """The query that makes the guide fit a playlist with these options, with its question mark."""
        values: list[tuple[str, str]] = []
        if self.tvg_id_source != default_source:
            values.append(("tvg_id_source", self.tvg_id_source))
        values += [("group", group) for group in self.groups]
        if self.days:
            values.append(("days", str(self.days)))
        if self.previous_days:
            values.append(("prev_days", str(self.previous_days)))
        return f"?{urlencode(values)}" if values else ""


def default_options() -> OutputOptions:
    return OutputOptions(tvg_id_source=get_settings().output_tvg_id_source)


def read_options(query: QueryDict, profile: str = "") -> OutputOptions:
    """Read the options we know; others are the player's own business. Raises :class:`BadOption`."""
    source = query.get("tvg_id_source") or get_settings().output_tvg_id_source
    if source not in TVG_ID_SOURCES:
        raise BadOption(f"tvg_id_source must be one of {', '.join(TVG_ID_SOURCES)}.")
    groups = tuple(dict.fromkeys(group for group in query.getlist("group") if group))
    if len(groups) > MAX_GROUPS:
        raise BadOption(f"group may be given at most {MAX_GROUPS} times.")
    _boolean(query, "cachedlogos", default=True)  # logos are not cached yet; the option is accepted for old addresses
    return OutputOptions(
        tvg_id_source=source,
        groups=groups,
        direct=_boolean(query, "direct", default=False),
        days=_days(query, "days", MAX_DAYS),
        previous_days=_days(query, "prev_days", MAX_PREVIOUS_DAYS),
        profile=profile.casefold(),
    )


def _boolean(query: QueryDict, name: str, *, default: bool) -> bool:
    word = query.get(name, "").strip().lower()
    if not word:
        return default
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadOption(f"{name} must be true or false.")


def _days(query: QueryDict, name: str, highest: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= highest):
        raise BadOption(f"{name} must be a whole number from 0 to {highest}.")
    return int(text)
