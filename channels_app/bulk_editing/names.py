"""Changes names: find and replace, letters, spaces, front, behind, in this order."""

import re
from collections.abc import Callable

from channels_app.bulk_editing.command import BulkEdit
from channels_app.errors import EditRefused
from ecm_site.regex import Pattern, PatternRefused, Replacement, compile_pattern, compile_replacement

LONGEST = 512  # characters of a text that is put into names
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SPACES = re.compile(r"\s+")


class NameEditor:
    """Made once for an edit. Raises :class:`EditRefused` naming the field whose pattern or text cannot be used."""

    def __init__(self, command: BulkEdit) -> None:
        for name in ("find", "replacement", "front", "behind"):
            if len(getattr(command, name)) > LONGEST:
                raise EditRefused({name: f"Use at most {LONGEST} characters."})
        self.pattern: Pattern | None = None
        steps: list[Callable[[str], str]] = []
        if command.find:
            steps.append(self._replacing(command))
        if command.letters:
            steps.append({"upper": str.upper, "lower": str.lower, "title": _title}[command.letters])
        if command.tidy:
            steps.append(lambda name: _SPACES.sub(" ", name).strip())
        if command.front or command.behind:
            steps.append(lambda name: f"{command.front}{name}{command.behind}")
        self._steps = steps

    @property
    def is_slow(self) -> bool:
        """The pattern looks around or back: RE2 cannot run it."""
        return self.pattern is not None and not self.pattern.is_linear

    @property
    def cut_off(self) -> int:
        """Names for which the pattern took too long; it counted as not found."""
        return self.pattern.timeouts if self.pattern else 0

    def __call__(self, name: str) -> str:
        for step in self._steps:
            name = step(name)
        return name

    def _replacing(self, command: BulkEdit) -> Callable[[str], str]:
        if not command.is_pattern:
            found = re.compile(re.escape(command.find), 0 if command.match_case else re.IGNORECASE)
            return lambda name: found.sub(lambda _: command.replacement, name)
        try:
            self.pattern = pattern = compile_pattern(command.find, ignore_case=not command.match_case)
        except PatternRefused as error:
            raise EditRefused({"find": str(error)}) from None
        try:
            replacement: Replacement = compile_replacement(command.replacement, pattern)
        except PatternRefused as error:
            raise EditRefused({"replacement": str(error)}) from None

        def replaced(name: str) -> str:
            new = pattern.replace(name, replacement)
            return name if new is None else new

        return replaced


def _title(name: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), name)
