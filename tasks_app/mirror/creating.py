"""Creations that must not happen twice: what is the same there is adopted, what was begun is seen through first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.attempts import StoredAttempts
from tasks_app.mirror.chunks import SIZE, chunks
from tasks_app.mirror.compare import base_of_creation, comparable
from tasks_app.mirror.kinds import MirroredKind, Values
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.reconcile import Reconciler
from tasks_app.mirror.record import CREATE, Recorder
from tasks_app.mirror.report import DeliveryReport
from tasks_app.mirror.state import quietly
from tasks_app.mirror.sync_journal import SyncJournal
from tasks_app.models import CreationAttempt, MirrorLink, OutboxEntry

_SENT = "+"
"""Before the name of a kind: what was sent to create rows, until all answers are stored."""


@dataclass
class Sent:
    """Values of creations whose answers are not certain, by local id, every attempt's: the base for comparing what is found
    there."""

    values: dict[int, list[Values]] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)

    def ghosts(self, kind: MirroredKind, here: Collection[int]) -> dict[int, Values]:
        """What was sent last for rows that are no longer here: if it arrived after all, it has to be deleted there. Only of
        kinds whose rows are found by what they say; others find theirs themselves."""
        if not kind.natural_key and not _finds_made(kind):
            return {}
        return {local_id: attempts[-1] for local_id, attempts in self.values.items() if local_id not in here}

    def keys(self, kind: MirroredKind) -> dict[object, int]:
        """Natural keys under which rows may have been created, also those that have another one by now: key → local id."""
        key = kind.natural_key
        return {attempt[key]: local_id for local_id, attempts in self.values.items() for attempt in attempts if key in attempt}

    def bases(self, kind: MirroredKind, found: Mapping[int, Values]) -> dict[int, Values]:
        """The bases of rows (local id → what the server says now) that may have been created by such an attempt."""
        return {
            local_id: base_of_creation(self.values[local_id], comparable(kind, values))
            for local_id, values in found.items()
            if local_id in self.values
        }


def sent_before(kind: MirroredKind) -> Sent:
    sent = Sent()
    for attempt in CreationAttempt.objects.filter(kind=_SENT + kind.name).order_by("pk"):
        sent.ids.append(attempt.pk)
        for local_id, values in attempt.details.get("rows", {}).items():
            sent.values.setdefault(int(local_id), []).append(values)
    return sent


def note_sent(kind: MirroredKind, rows: Mapping[int, Values]) -> int:
    """Remember what is about to be sent; :func:`forget_sent` when all answers are stored."""
    details = {"rows": {str(local_id): comparable(kind, kind.as_made(values)) for local_id, values in rows.items()}}
    return int(CreationAttempt.objects.create(kind=_SENT + kind.name, details=details).pk)


def forget_sent(kind: MirroredKind, ids: Collection[int]) -> None:
    """All answers are stored, or what there is on the server has been looked at; unless the kind itself is not sure yet."""
    if ids and not CreationAttempt.objects.filter(kind=kind.name).exists():
        CreationAttempt.objects.filter(pk__in=list(ids), kind=_SENT + kind.name).delete()


def free_rows(kind: MirroredKind, links: StoredLinks) -> dict[object, int]:
    """Rows here that are linked to none there, by natural key; the oldest of those with the same one."""
    here = kind.local()
    linked = links.remotes_of(kind.name, here.keys())
    key = kind.natural_key
    return {values[key]: local_id for local_id, values in sorted(here.items(), reverse=True) if local_id not in linked}


def adopt_existing(client: Dispatcharr, kind: MirroredKind, links: StoredLinks, rows: Mapping[int, Values]) -> int:
    """Link those of ``rows`` that the server has already under the same natural key; the rest has to be created.

    One reading of all the server's rows. Returns how many were found.
    """
    sent = sent_before(kind)
    wanted = {values[kind.natural_key]: local_id for local_id, values in sorted(rows.items(), reverse=True)}
    wanted = {key: local_id for key, local_id in sent.keys(kind).items() if local_id in rows} | wanted
    pairs: dict[int, int] = {}
    there: dict[int, Values] = {}
    for part in chunks(kind.read(client, links), SIZE):
        linked = links.locals_of(kind.name, [row[0] for row in part])
        for remote_id, values, _books in part:
            local_id = wanted.get(values[kind.natural_key]) if remote_id not in linked else None
            if local_id is not None and local_id not in pairs.values():
                pairs[remote_id] = local_id
                there[local_id] = values
    reconciler = Reconciler(kind, links, SyncJournal())
    with quietly():
        taken = MirrorLink.objects.filter(kind=kind.name, local_id__in=list(pairs.values()))
        already = set(taken.values_list("local_id", flat=True))
        pairs = {remote_id: local_id for remote_id, local_id in pairs.items() if local_id not in already}
        reconciler.adopt(pairs, sent.bases(kind, there))
        forget_sent(kind, sent.ids)
    reconciler.committed()
    return len(pairs)


def link_ghosts(client: Dispatcharr, kind: MirroredKind, links: StoredLinks) -> None:
    """Rows that are gone here (or switched off) since they were sent, and that the server has though no answer came: linked,
    they are deleted there, and nobody takes them for new ones. Kinds with a natural key are looked for by that.

    Raises any ``DispatcharrError``.
    """
    sent = sent_before(kind) if _finds_made(kind) else Sent()
    if not sent.values:
        return
    waiting = OutboxEntry.objects.filter(kind=kind.name, local_id__in=list(sent.values)).values_list("local_id", flat=True)
    ghosts = sent.ghosts(kind, {*kind.local(list(sent.values)), *links.remotes_of(kind.name, sent.values)})
    ghosts = {pk: values for pk, values in ghosts.items() if pk in set(waiting)}
    found = {remote_id: (pk, agreed) for pk, remote_id, agreed in kind.find_made(client, links, ghosts)} if ghosts else {}
    if not found:
        return
    reconciler = Reconciler(kind, links, SyncJournal())
    with quietly():
        reconciler.adopt({remote_id: pk for remote_id, (pk, _) in found.items()}, dict(found.values()))
    reconciler.committed()


def _finds_made(kind: MirroredKind) -> bool:
    return type(kind).find_made is not MirroredKind.find_made


def see_through(client: Dispatcharr, kind: MirroredKind, links: StoredLinks) -> bool:
    """Find out what became of creations that were begun, before rows of the server are taken for new ones.

    False when the kind cannot say it yet. Raises any ``DispatcharrError``.
    """
    if not CreationAttempt.objects.filter(kind=kind.name).exists():
        return True
    report = DeliveryReport()
    recorder = Recorder(kind, CREATE, links, SyncJournal(), report)
    recorder.sent_earlier = sent_before(kind).values
    attempts = StoredAttempts(kind.name, before_finish=recorder.flush)
    for outcome in kind.create(client, links, {}, attempts):
        recorder.add(outcome)
    recorder.flush()
    return not attempts.unfinished()
