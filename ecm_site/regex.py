"""Patterns that operators type: one engine for preview and real run, in linear time or with a time limit (DESIGN §7, 20).

RE2 runs them. What it cannot express (looking around, back references) runs on the ``regex`` package, at most TIME_LIMIT
a call; a pattern that keeps running into the limit is given up for as long as its :class:`Pattern` lives.
"""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import re2
import regex

logger = logging.getLogger(__name__)

MAX_LENGTH = 500  # characters of a pattern; filters and profiles allow fewer (20, general rules)
TIME_LIMIT = 0.1  # seconds a call
GIVE_UP_AFTER = 20  # calls over the limit: two seconds lost to one pattern are enough
GIVE_UP_SECONDS = 5.0  # of processor time in calls that were slow, cut off or not
_SLOW_CALL = 0.01  # a call should take microseconds
_SET_MEMORY = 32 << 20  # bytes that the automaton of a set may take
_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\C")  # RE2 would split letters with it


class PatternRefused(ValueError):
    """The pattern or replacement cannot be used. The text says why, in words for the operator."""


class Found(Protocol):
    """A match of either engine."""

    def start(self) -> int: ...
    def end(self) -> int: ...
    def group(self, number: int, /) -> Any: ...


class Pattern:
    """A compiled pattern. Make one with :func:`compile_pattern`."""

    def __init__(self, text: str, *, ignore_case: bool) -> None:
        self.text = text
        self.ignore_case = ignore_case
        self.timeouts = 0
        """Calls that were cut off: they counted as "no match"."""
        self._slow_seconds = 0.0
        self._linear: Any = _linear(text, ignore_case=ignore_case)
        self._limited: Any = None if self._linear is not None else _limited(text, ignore_case=ignore_case)

    @property
    def is_linear(self) -> bool:
        """Whether RE2 runs it. If not, it may be slow, and the form says so."""
        return self._linear is not None

    @property
    def has_given_up(self) -> bool:
        """Too many calls were cut off, or many just short of it took too long together."""
        return self.timeouts >= GIVE_UP_AFTER or self._slow_seconds >= GIVE_UP_SECONDS

    @property
    def groups(self) -> int:
        """How many groups in brackets the pattern has."""
        return int(self._engine.groups)

    @property
    def group_names(self) -> dict[str, int]:
        return dict(self._engine.groupindex)

    @property
    def _engine(self) -> Any:
        return self._limited if self._linear is None else self._linear

    @property
    def linear_text(self) -> str:
        """The pattern as a member of an RE2 set, where options are the same for all."""
        return f"(?i){self.text}" if self.ignore_case else self.text

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in ``text``; False when time runs out."""
        if self._linear is not None:
            return next(self._linear.finditer(_encodable(text)), None) is not None
        return bool(self._within_limit(lambda: self._limited.search(text, timeout=TIME_LIMIT)))

    def replace(self, text: str, replacement: "Replacement") -> str | None:
        """``text`` with every match replaced; None when nothing matches or time runs out: then it stays as it is."""
        pieces: list[str] = []
        at = 0
        for match in self._matches(text):
            if match.start() == match.end() == at and pieces:
                continue  # the nothing after a match that took everything: nobody means that one
            pieces += [text[at : match.start()], replacement.fill(match)]
            at = match.end()
        return "".join((*pieces, text[at:])) if pieces else None

    def _matches(self, text: str) -> Iterable[Found]:
        if self._linear is not None:
            found: Iterable[Found] = self._linear.finditer(_encodable(text))
            return found
        return self._within_limit(lambda: list(self._limited.finditer(text, timeout=TIME_LIMIT))) or ()

    def _within_limit(self, look: Callable[[], Any]) -> Any:
        """What ``look`` finds, None when time runs out or has run out too often."""
        if self.has_given_up:
            return None
        started = time.thread_time()
        try:
            return look()
        except TimeoutError:
            self._count_timeout()
            return None
        finally:
            spent = time.thread_time() - started
            if spent > _SLOW_CALL:
                self._slow_seconds += spent

    def _count_timeout(self) -> None:
        self.timeouts += 1
        if self.timeouts == 1:
            mark = hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:12]
            logger.warning("[REGEX] Pattern %s takes too long and counts as no match", mark)


class PatternSet:
    """Patterns in order, of which the first that matches counts. One pass over the text whatever their number."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._limited = [(number, pattern) for number, pattern in enumerate(patterns) if not pattern.is_linear]
        linear = [(number, pattern) for number, pattern in enumerate(patterns) if pattern.is_linear]
        self._numbers = [number for number, _ in linear]
        self._set = _compiled_set([pattern for _, pattern in linear])
        if linear and self._set is None:  # too large together: one by one then
            self._limited = list(enumerate(patterns))

    def first(self, text: str) -> int | None:
        """Number (from 0) of the first pattern found in ``text``, or None. Never raises."""
        best: int | None = None
        if self._set is not None:
            hits = self._set.Match(_encoded(text))
            if hits:
                best = self._numbers[min(hits)]
        for number, pattern in self._limited:
            if best is not None and number > best:
                break
            if pattern.found_in(text):
                return number
        return best


@dataclass(frozen=True)
class Replacement:
    """A replacement text, taken apart: pieces are texts and group numbers in turn."""

    pieces: tuple[str | int, ...]

    def fill(self, match: Found) -> str:
        """The text for one match; groups that took no part are empty."""
        return "".join(piece if isinstance(piece, str) else (match.group(piece) or "") for piece in self.pieces)

    @cached_property
    def groups(self) -> set[int]:
        return {piece for piece in self.pieces if isinstance(piece, int)}


def compile_pattern(text: str, *, ignore_case: bool = False, max_length: int = MAX_LENGTH) -> Pattern:
    """Compile what an operator typed. Raises :class:`PatternRefused` with the compiler's message."""
    if not text:
        raise PatternRefused("Type a pattern.")
    if len(text) > max_length:
        raise PatternRefused(f"The pattern has {len(text):,} characters; {max_length} are allowed.")
    if "\0" in text:
        raise PatternRefused("The pattern contains a NUL character. Remove it.")
    return Pattern(text, ignore_case=ignore_case)


_REFERENCE = re.compile(
    r"\$\$"
    r"|\$(?P<dollar>\d{1,2})|\$\{(?P<braced>\w+)\}|\$<(?P<named>\w+)>"
    r"|\\(?P<slash>\d{1,2})|\\g<(?P<python>\w+)>|\\\\"
)


def compile_replacement(text: str, pattern: Pattern) -> Replacement:
    r"""Read a replacement with ``$1``, ``${1}``, ``$<name>``, ``\1`` or ``\g<name>`` (0 is the whole match).

    ``$$`` is a dollar sign, two backslashes are one. Raises :class:`PatternRefused` for a group that the pattern lacks.
    """
    pieces: list[str | int] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        pieces.append(text[at : match.start()])
        at = match.end()
        if match[0] in ("$$", "\\\\"):
            pieces.append(match[0][0])
            continue
        number, rest = _group_number(match, pattern)
        pieces += [number, rest]
    pieces.append(text[at:])
    return Replacement(tuple(piece for piece in pieces if piece != ""))


def _group_number(match: re.Match[str], pattern: Pattern) -> tuple[int, str]:
    """The group that is meant, and a digit that turned out not to belong to it."""
    bare = match["dollar"] or match["slash"]
    if bare:
        if int(bare) <= pattern.groups:
            return int(bare), ""
        if len(bare) == 2 and int(bare[0]) <= pattern.groups:
            return int(bare[0]), bare[1]
    name = bare or match["braced"] or match["named"] or match["python"]
    if name.isascii() and name.isdigit() and len(name) < 6 and int(name) <= pattern.groups:
        return int(name), ""
    if name in pattern.group_names:
        return pattern.group_names[name], ""
    have = f"only {pattern.groups}" if pattern.groups else "none"
    raise PatternRefused(
        f"{match[0]} stands for a part in brackets, but the pattern has {have} such. For a dollar sign write $$."
    )


def _linear(text: str, *, ignore_case: bool) -> Any:
    """The pattern for RE2, or None when that cannot express it."""
    if _BYTE_ESCAPE.search(text):
        return None
    try:
        return re2.compile(text, _options(ignore_case=ignore_case))
    except (re2.error, UnicodeEncodeError):
        return None


def _limited(text: str, *, ignore_case: bool) -> Any:
    try:
        return regex.compile(text, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise PatternRefused(f"This is no valid pattern: {error}.") from None


def _options(*, ignore_case: bool = False, memory: int = 0) -> Any:
    options = re2.Options()
    options.log_errors = False  # they go to the form, not to stderr
    options.case_sensitive = not ignore_case
    if memory:
        options.max_mem = memory
    return options


def _compiled_set(patterns: Sequence[Pattern]) -> Any:
    if not patterns:
        return None
    made = re2.Set.SearchSet(_options(memory=_SET_MEMORY))
    try:
        for pattern in patterns:
            made.Add(pattern.linear_text)
        made.Compile()
    except re2.error:
        return None
    return made


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _encodable(text).encode()


def _encodable(text: str) -> str:
    """``text`` without halves of surrogate pairs, which RE2's UTF-8 has no place for; of the same length."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub("\ufffd", text)
