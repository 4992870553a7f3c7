"""What the engine has to be told about a kind of row that both this house and the server can change.

Values are plain and in local terms: texts, numbers, booleans, lists, None; references are our ids. So what the server says and
what is stored here compare with ``==``, and only a kind itself knows how the server writes it.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ecm_site.dispatcharr.client import Dispatcharr

Values = dict[str, Any]


@dataclass(frozen=True)
class Watched:
    """A table whose changes concern rows of a kind.

    ``owner``: the column with the id of the row that is mirrored ("channel_id" for a channel's streams). ``columns``: only
    updates of these count (empty = all). ``name``: the column of the row's name, for the queue ("" = this table has none).
    """

    table: str
    owner: str = "id"
    columns: tuple[str, ...] = ()
    name: str = ""
    condition: str = ""
    """SQL over ``{row}``, for tables that also hold rows which are not mirrored: "{row}.is_custom = 1"."""


@dataclass(frozen=True)
class Change:
    """An update to deliver: only what differs from what both sides agreed on. ``whole`` is the row as it is here."""

    local_id: int
    remote_id: int
    values: Values
    whole: Values


@dataclass(frozen=True)
class Delivered:
    """The server has it. ``values``: the whole row as the server has it now, as far as the kind's fields go."""

    local_id: int
    remote_id: int
    values: Values
    books: Values = field(default_factory=dict)
    """What :meth:`MirroredKind.read` gives beside the fields, as far as the answer says it."""


@dataclass(frozen=True)
class Refused:
    """The server, or our own check of its rules, says no. ``reason`` is a sentence that says what to do."""

    local_id: int
    reason: str


@dataclass(frozen=True)
class Postponed:
    """Not yet: something that it refers to is not on the server. ``reason`` is a sentence ("Waits for …")."""

    local_id: int
    reason: str


Outcome = Delivered | Refused | Postponed


class LinkBook(ABC):
    """Ids here ↔ ids on the server, of every kind. Answers from memory after one query per kind."""

    @abstractmethod
    def local(self, kind: str, remote_id: int) -> int | None: ...

    @abstractmethod
    def remote(self, kind: str, local_id: int) -> int | None: ...

    @abstractmethod
    def locals_of(self, kind: str, remote_ids: Collection[int]) -> dict[int, int]:
        """Remote id → local id, of those that are known; the way for hundreds at once."""

    @abstractmethod
    def remotes_of(self, kind: str, local_ids: Collection[int]) -> dict[int, int]: ...

    def linked_above(self, kind: str, remote_id: int) -> list[int]:
        """Ids on the server that are higher than this one, as far as they are known here."""
        return []

    def let_go(self, kind: str, remote_ids: Collection[int]) -> None:
        """The server has nothing under these ids any more and is about to give them again: what they were linked to counts as
        vanished there. See :mod:`tasks_app.mirror.identity`."""
        return

    def leave_out(self, kind: str, remote_id: int | None, why: str) -> None:
        """A row of the server cannot be understood and is passed over by :meth:`MirroredKind.read`. ``remote_id``: None when
        not even that is known. ``why`` completes the sentence “It was left out: …”. See :mod:`tasks_app.mirror.readable`."""
        return


class Attempts(ABC):
    """The memory of creations that were begun. ``begin`` is stored before anything is sent, ``finish`` when all is linked."""

    @abstractmethod
    def unfinished(self) -> list[tuple[int, dict[str, Any]]]:
        """(id, details) of attempts of this kind that nobody has seen through: look on the server what became of them."""

    @abstractmethod
    def begin(self, details: dict[str, Any]) -> int: ...

    @abstractmethod
    def finish(self, attempt_id: int) -> None: ...


class MirroredKind(ABC):
    """One kind of row. Methods of the server side may raise any ``DispatcharrError``; those of the local side do no HTTP."""

    name: ClassVar[str]
    label: ClassVar[str]
    """In sentences: "channel"."""
    position: ClassVar[int]
    """Order of pulling, creating and updating: what others point to first. Deletions go the other way round."""
    fields: ClassVar[Mapping[str, str]]
    """What is compared and delivered, with its name in words. Every ``Values`` of this kind has exactly these keys."""
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields whose values are kept as digests and never shown."""
    watched: ClassVar[tuple[Watched, ...]]
    natural_key: ClassVar[str] = ""
    """The field that is unique on the server: a row there with the same value is taken for ours instead of making another."""
    deletable: ClassVar[bool] = True
    """Off for rows that the server makes and removes by itself: one that is deleted here comes back with the next pull."""
    creatable: ClassVar[bool] = True
    """Off for rows that only the server makes: one that is gone there cannot be made there again from here."""
    asks_from: ClassVar[int] = 0
    """Linked rows from which on somebody is asked before those are deleted here of which more than half are gone there;
    0 = the usual number (``HELD_BACK_FROM`` of :mod:`tasks_app.mirror.pull`). Kinds whose rows carry much ask of fewer."""
    parts: ClassVar[tuple[str, ...]] = ()
    """Kinds whose rows are parts of rows of this one and go with them: they stay here for as long as such a row does that the
    server has lost, and are made there again with it. They name it in their :attr:`references`."""
    look_at: ClassVar[int] = 500
    """How many rows the engine looks at together before it changes them there: what somebody edits between this look and
    the change would be lost. A kind whose :meth:`read` gives rows as they come, so that the first ones are sent before the
    rest is read, can be asked for all of them at once."""
    title: ClassVar[str] = "name"
    """The field that a row is called by in the journal and the queue."""
    category: ClassVar[str] = ""
    """Category of its journal entries; "" = the kind's name."""
    id_table: ClassVar[str] = ""
    """Table in which a row that comes back, after a deletion was taken back, gets the id that it had: for kinds of which
    nothing refers to the id yet when :meth:`store` has made a row."""
    references: ClassVar[Mapping[str, str]] = {}
    """Fields that hold ids of other rows → their kind, so that the queue can name them: ``{"group_id": "group"}``."""

    # Here.
    @abstractmethod
    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        """Rows of this house by id (None = all that are mirrored), a constant number of queries."""

    @abstractmethod
    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        """Make rows for the server's (remote id → values) and return remote id → new local id. ``books`` are what
        :meth:`read` gave beside the fields, such as a uuid. Called inside :func:`~tasks_app.mirror.state.quietly`."""

    @abstractmethod
    def change(self, rows: Mapping[int, Values]) -> None:
        """Set these fields (only those given) of local rows. Called inside ``quietly``."""

    @abstractmethod
    def remove(self, ids: Collection[int]) -> None:
        """Delete local rows. Called inside ``quietly``."""

    def bring_back(self, values: Values) -> int | None:
        """Make a row again that was removed here, not quietly, and return its id; None when the kind cannot do that.

        For undoing: ``values`` are what the journal kept, without secrets.
        """
        return None

    def take_away(self, ids: Collection[int]) -> None:
        """Take rows away again that came from the server, not quietly: for undoing. A kind whose :meth:`store` may find rows
        that are here already must not delete them."""
        self.remove(ids)

    def comes_back(self, values: Values) -> bool:
        """Whether :meth:`bring_back` makes a row of these values again: the journal keeps no secrets."""
        can_make = type(self).bring_back is not MirroredKind.bring_back
        return can_make and not any(values.get(name) for name in self.secrets)

    def stand_in(self, value: Any, remote_id: int) -> Any | None:
        """What a row with this :attr:`natural_key` may be called on the server for a moment, while two rows exchange theirs:
        something that nobody would choose. None when the server does not mind equal ones, or when it cannot be done.

        Texts that people read are made by :func:`name_stand_in`.
        """
        return None

    def identity(self, books: Values) -> str:
        """What the server made up for this row and never gives another one, in one way of writing; "" = there is no such thing.

        By it a row is told from one that was given the same id after an older backup was put back on the server.
        """
        return ""

    def as_made(self, values: Values) -> Values:
        """What a row with ``values`` is on the server when the request that makes it was carried out and none of those that
        follow it: with what it is compared when answers were lost."""
        return values

    def keep_books(self, books: Mapping[int, Values]) -> None:
        """Set what is mirrored but never delivered (status, uuid, counts) of local rows (by local id) where it differs.
        Called inside ``quietly``."""
        return

    # There.
    @abstractmethod
    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        """(remote id, values, books) of the server's rows, or of those of ``ids`` that exist. ``ids`` is small when single
        rows are looked at; read everything in one request when that is cheaper.

        Rows that cannot be understood are left out through ``links``, so that the others come through
        (:func:`~tasks_app.mirror.readable.readable`).
        """

    @abstractmethod
    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        """Create local rows (id → whole values) on the server; yields as it goes, so that a killed worker loses nothing.
        Must not make a second one after a lost answer: first see through ``attempts.unfinished()``.

        ``rows`` may be empty: then only unfinished attempts are seen through. An outcome may be about a local row that is not
        in ``rows`` (deleted here since its creation was begun): yield ``Delivered`` for it all the same, it will be deleted.
        Kinds with a :attr:`natural_key` need no attempts: a row there with the same key is adopted before this is called.
        """

    def find_made(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values]) -> Iterator[tuple[int, int, Values]]:
        """Of rows that are gone here by now (local id → what was sent to create them, secrets as digests) and of which no
        answer came: those that the server has all the same, linked to nothing, as (local id, remote id, what both sides know).

        For kinds without a natural key that recognise rows by what they say. Makes nothing.
        """
        return iter(())

    @abstractmethod
    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]: ...

    @abstractmethod
    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Delete on the server (local id → remote id); gone already is fine. ``Delivered`` with empty values."""


def name_stand_in(name: str, remote_id: int, *, longest: int) -> str:
    """ "Sport (ECM is renaming it, no. 153)", at most ``longest`` characters: whoever sees it there knows what it is."""
    tail = f" (ECM is renaming it, no. {remote_id})"
    return name[: longest - len(tail)].rstrip() + tail


_kinds: dict[str, MirroredKind] = {}


def register_kind(kind: MirroredKind) -> None:
    """Make a kind known; apps do it in ``AppConfig.ready()``."""
    _kinds[kind.name] = kind


def all_kinds() -> list[MirroredKind]:
    """In the order of pulling."""
    return sorted(_kinds.values(), key=lambda kind: kind.position)


def get_kind(name: str) -> MirroredKind:
    """Raises ``KeyError``."""
    return _kinds[name]
