"""What a bulk edit asks for, as plain values. Every field is left as it is unless something is said about it."""

import hashlib
from dataclasses import dataclass

LEAVE = ""


@dataclass(frozen=True)
class BulkEdit:
    """Texts as they were typed; :mod:`plan` checks them and names the field that is wrong.

    Names change in this order: find and replace, letters, spaces, front, behind. ``…_value`` belongs to the choice
    before it. Placeholders in ``tvg_id_value`` and ``gracenote_id_value`` are those of :mod:`placeholders`.
    """

    find: str = ""
    replacement: str = ""
    is_pattern: bool = False
    match_case: bool = False
    letters: str = LEAVE  # upper, lower, title
    tidy: bool = False
    front: str = ""
    behind: str = ""

    group: str = LEAVE  # set, none
    group_value: str = ""
    number: str = LEAVE  # start, shift, clear
    number_value: str = ""
    update_names: bool = False

    tvg_id: str = LEAVE  # set, clear
    tvg_id_value: str = ""
    guide: str = LEAVE  # tvg_id, clear, none
    lock: str = LEAVE  # on, off
    gracenote_id: str = LEAVE  # set, clear
    gracenote_id_value: str = ""

    logo: str = LEAVE  # set, clear, stream
    logo_value: str = ""
    stream_profile: str = LEAVE  # default, or an id
    hidden: str = LEAVE  # on, off
    enable: tuple[int, ...] = ()  # channel profiles
    disable: tuple[int, ...] = ()

    @property
    def changes_names(self) -> bool:
        return bool(self.find or self.letters or self.tidy or self.front or self.behind)

    @property
    def mark(self) -> str:
        """Stands for everything that is asked for: what was looked at and what is to be done must be the same."""
        return hashlib.sha256(repr(self).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def asks_for_something(self) -> bool:
        choices = (self.group, self.number, self.tvg_id, self.guide, self.lock, self.gracenote_id)
        more = (self.logo, self.stream_profile, self.hidden, self.enable, self.disable)
        return self.changes_names or any(choices) or any(more)
