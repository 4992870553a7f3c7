"""What an operator answers to changes that cannot be delivered by themselves. No HTTP: pages call this inside requests.

What needs a look at the server (taking over its values) is noted as a wish on the entry and done by a delivery run, which is
asked for at once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from ecm_site.wording import counted, shortened
from tasks_app.engine import request_run_soon
from tasks_app.journal import current_actor, log_entry
from tasks_app.mirror.agreed import write_links
from tasks_app.mirror.chunks import SIZE, chunks
from tasks_app.mirror.compare import comparable, differing, is_open
from tasks_app.mirror.creating import sent_before
from tasks_app.mirror.kinds import MirroredKind, Values, all_kinds, get_kind
from tasks_app.mirror.lost import send_references_again
from tasks_app.mirror.reconcile import DELETED, EVERYTHING, HERE, THERE
from tasks_app.mirror.state import SYNC_TASK, quietly
from tasks_app.mirror.sync_journal import SyncJournal
from tasks_app.mirror.triggers import DELIVER_TASK
from tasks_app.models import MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState

MINE = "mine"
THEIRS = "theirs"
ACTION = "answer"
"""Of journal entries."""

__all__ = ["DELETED", "MINE", "THEIRS", "Answered", "answer_conflict", "answer_held_back", "drop", "retry", "take_theirs"]


@dataclass
class Answered:
    """What became of answers. ``done`` entries are settled here, ``asked`` ones wait for the run that was asked for."""

    done: int = 0
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    """Sentences about entries that could not be answered so."""
    batch_id: str = ""
    """Of the journal entries that were written; "" = none."""


def retry(entry_ids: Collection[int]) -> Answered:
    """Try parked and waiting entries again at once, also while the engine is backing off. Conflicts are passed over."""
    answered = Answered()
    for part in chunks(entry_ids, SIZE):
        with transaction.atomic():
            entries = OutboxEntry.objects.filter(pk__in=part)
            conflicts = entries.filter(state=OutboxState.CONFLICT).values_list("name", flat=True)
            answered.refused += [f"“{shortened(name)}” was changed on both sides: it needs an answer." for name in conflicts]
            answered.asked += entries.exclude(state=OutboxState.CONFLICT).update(
                state=OutboxState.WAITING, reason="", attempts=0, next_attempt_at=None
            )
    _deliver_now(answered)
    return answered


def take_theirs(entry_ids: Collection[int]) -> Answered:
    """Give up the changes here and take the server's row as it is then (or delete it here, where the server has none).

    A creation that was never delivered is deleted here at once, as with :func:`drop`.
    """
    return _give_up(entry_ids, to_server=True)


def drop(entry_ids: Collection[int]) -> Answered:
    """Give up the changes here: rows go back to what both sides last agreed on. Journalled, undoable.

    A creation that was never delivered is deleted here; a deletion is taken back with the server's row (by a run), and so is
    a change of something secret, of which nobody here knows what it was before.
    """
    return _give_up(entry_ids, to_server=False)


def answer_conflict(entry_id: int, answers: Mapping[str, str]) -> Answered:
    """Settle a conflict: for each field of ``entry.conflict`` "mine" or "theirs", or ``{"deleted": "mine" | "theirs"}`` where
    one side deleted the row. Fields that are not named stay open.

    Raises ``OutboxEntry.DoesNotExist``, and ``ValueError`` for other words and fields that are not in conflict.
    """
    answered = Answered()
    journal = _journal("Answering a conflict")
    with quietly():
        entry = OutboxEntry.objects.get(pk=entry_id)
        kind = get_kind(entry.kind)
        open_fields = _questions(entry)
        if not answers or not set(answers) <= set(open_fields) or not set(answers.values()) <= {MINE, THEIRS}:
            raise ValueError("Answer “mine” or “theirs” for fields that are in conflict.")
        if DELETED in open_fields:
            _answer_deletion(kind, entry, answers[DELETED], answered, journal)
        else:
            _answer_fields(kind, entry, answers, answered, journal)
    journal.end({kind.name: kind})
    _finish(answered, journal)
    return answered


def answer_held_back(kind: str, accept: bool) -> Answered:
    """Rows that vanished on the server in great numbers: delete them here too (``accept``), or create them there again.

    Deleting is done by a run of ``sync_dispatcharr`` that is asked for at once. Raises ``MirrorPull.DoesNotExist`` when
    nothing of this kind is held back (any more).
    """
    answered = Answered()
    with transaction.atomic():
        row = MirrorPull.objects.exclude(held_back={}).get(kind=kind)
        remote_ids = [int(remote_id) for remote_id in row.held_back.get("remote_ids", ())]
        label = next((one.label for one in all_kinds() if one.name == kind), kind)
        if accept:
            answered.asked = len(remote_ids)
            row.accepted = row.held_back
        else:
            for part in chunks(remote_ids, SIZE):
                answered.done += _create_again(kind, part)
        row.held_back = {}
        row.save(update_fields=["held_back", "accepted"])
        verb = "deleted here too" if accept else "created on the server again"
        are = "is" if len(remote_ids) == 1 else "are"
        log_entry(
            "task",
            ACTION,
            entity_name=label,
            description=f"{counted(len(remote_ids), label)} that vanished on the server {are} {verb}.",
            after={"kind": kind, "rows": len(remote_ids), "deleted_here": accept},
        )
    if accept:
        request_run_soon(SYNC_TASK, {"kinds": [kind]}, delay_seconds=0)
    else:
        _deliver_now(answered)
    return answered


# Giving up ------------------------------------------------------------------------------------------------------------


def _give_up(entry_ids: Collection[int], *, to_server: bool) -> Answered:
    answered = Answered()
    journal = _journal("Taking the server’s values" if to_server else "Dropping what waited")
    kinds = {kind.name: kind for kind in all_kinds()}
    parts = list(chunks(entry_ids, SIZE))
    while parts:
        part = parts.pop(0)
        some = Answered()
        try:
            with quietly():
                entries = list(OutboxEntry.objects.filter(pk__in=part))
                # What refers to others goes before them, so that nothing points to what is gone already.
                for kind in sorted(kinds.values(), key=lambda one: -one.position):
                    own = {entry.local_id: entry for entry in entries if entry.kind == kind.name}
                    if own:
                        _give_up_rows(kind, own, some, journal, to_server=to_server)
        except IntegrityError:
            if len(part) > 1:
                parts[:0] = [[pk] for pk in part]
            else:
                name = OutboxEntry.objects.filter(pk=part[0]).values_list("name", flat=True).first() or "This change"
                answered.refused.append(f"“{shortened(name)}” cannot go back: what it referred to is gone or taken here.")
            continue
        answered.done += some.done
        answered.asked += some.asked
    journal.end(kinds)
    _finish(answered, journal)
    return answered


def _give_up_rows(
    kind: MirroredKind, entries: Mapping[int, OutboxEntry], answered: Answered, journal: SyncJournal, *, to_server: bool
) -> None:
    here = kind.local(list(entries))
    links = {link.local_id: link for link in MirrorLink.objects.filter(kind=kind.name, local_id__in=list(entries))}
    never_delivered = [pk for pk in entries if pk in here and pk not in links]
    if never_delivered:
        kind.remove(never_delivered)
        journal.write(kind, deleted={pk: here[pk] for pk in never_delivered})
    back: dict[int, Values] = {}
    wishes: dict[int, list[str]] = {}
    for pk, entry in entries.items():
        link, mine = links.get(pk), here.get(pk)
        if link is None:
            continue  # deleted above, or it came and went
        if to_server or mine is None or entry.conflict.get(DELETED) == THERE:
            wishes[pk] = [EVERYTHING]
            continue
        values = differing(comparable(kind, mine), link.agreed)
        secret = [name for name in values if name in kind.secrets]
        back[pk] = {name: value for name, value in values.items() if name not in secret}
        if secret:
            wishes[pk] = secret
    changed = {pk: values for pk, values in back.items() if values}
    if changed:
        kind.change(changed)
        journal.write(kind, updated={pk: (here[pk], values) for pk, values in changed.items()})
    unsure = sent_before(kind).ghosts(kind, here.keys() - set(never_delivered)) if never_delivered else {}
    for pk in set(never_delivered) & unsure.keys():  # it may be there although no answer came: then it is deleted there, too
        wishes[pk] = []
    for pk, link in links.items():
        if link.stand_in and pk in here:
            wishes.setdefault(pk, [])  # the server has to be told as well
    for pk, names in wishes.items():
        _wish(entries[pk], names)
    settled = [entry.pk for pk, entry in entries.items() if pk not in wishes]
    OutboxEntry.objects.filter(pk__in=settled).delete()
    answered.done += len(settled)
    answered.asked += len(wishes)


def _wish(entry: OutboxEntry, names: Iterable[str]) -> None:
    """Let the next delivery take the server's values of these fields, in the name of whoever asks for it."""
    actor = current_actor()
    kept = set(entry.wishes.get("fields", ())) if entry.wishes else set()
    entry.wishes = {"fields": sorted(kept | set(names)), "user_id": actor.user_id, "user_name": actor.user_name}
    entry.state, entry.reason, entry.attempts, entry.next_attempt_at = OutboxState.WAITING, "", 0, None
    entry.save(update_fields=["wishes", "state", "reason", "attempts", "next_attempt_at"])


# Conflicts ------------------------------------------------------------------------------------------------------------


def _questions(entry: OutboxEntry) -> list[str]:
    if entry.state != OutboxState.CONFLICT:
        return []
    return [DELETED] if DELETED in entry.conflict else list(entry.conflict)


def _answer_fields(
    kind: MirroredKind, entry: OutboxEntry, answers: Mapping[str, str], answered: Answered, journal: SyncJournal
) -> None:
    link = MirrorLink.objects.filter(kind=kind.name, local_id=entry.local_id).first()
    here = kind.local([entry.local_id]).get(entry.local_id)
    if link is None or here is None:
        answered.refused.append(f"“{shortened(entry.name)}” is gone by now.")
        return
    take: Values = {}
    secret: list[str] = []
    for name, answer in answers.items():
        theirs = entry.conflict[name].get("theirs")
        link.agreed[name] = theirs  # both know it now: what is here differs from it because somebody wants that
        if answer == THEIRS and is_open(kind, [name]):
            take[name] = theirs
        elif answer == THEIRS:
            secret.append(name)
    write_links([link])
    if take:
        kind.change({entry.local_id: take})
        journal.write(kind, updated={entry.local_id: (here, take)})
    entry.conflict = {name: sides for name, sides in entry.conflict.items() if name not in answers}
    if secret:
        _keep_wish(entry, secret)
    if not entry.conflict:
        entry.state = OutboxState.WAITING
    entry.save()
    answered.asked += not entry.conflict
    answered.done += bool(entry.conflict)


def _keep_wish(entry: OutboxEntry, names: Iterable[str]) -> None:
    actor = current_actor()
    kept = set(entry.wishes.get("fields", ())) if entry.wishes else set()
    entry.wishes = {"fields": sorted(kept | set(names)), "user_id": actor.user_id, "user_name": actor.user_name}


def _answer_deletion(kind: MirroredKind, entry: OutboxEntry, answer: str, answered: Answered, journal: SyncJournal) -> None:
    link = MirrorLink.objects.filter(kind=kind.name, local_id=entry.local_id).first()
    where = entry.conflict[DELETED]
    if where == HERE and answer == THEIRS:
        _wish(entry, [EVERYTHING])
        OutboxEntry.objects.filter(pk=entry.pk).update(conflict={})
        answered.asked += 1
        return
    if where == THERE and answer == THEIRS:
        here = kind.local([entry.local_id])
        if here:
            kind.remove([entry.local_id])
            journal.write(kind, deleted=here)
        if link is not None:
            link.delete()
        entry.delete()
        answered.done += 1
        return
    if link is not None and where == HERE:  # what the server has is known, and to be deleted all the same
        link.agreed |= {
            name: sides["theirs"] for name, sides in entry.conflict.items() if isinstance(sides, dict) and "theirs" in sides
        }
        write_links([link])
    elif link is not None:
        link.delete()  # it is made again there
        send_references_again(kind.name, [entry.local_id])
    entry.state, entry.conflict = OutboxState.WAITING, {}
    entry.save(update_fields=["state", "conflict"])
    answered.asked += 1


def _create_again(kind: str, remote_ids: Collection[int]) -> int:
    links = MirrorLink.objects.filter(kind=kind, remote_id__in=list(remote_ids))
    ids = list(links.values_list("local_id", flat=True))
    try:
        mirrored: MirroredKind | None = get_kind(kind)
    except KeyError:
        return 0  # a bulk mirror: its rows cannot be made on the server
    here = mirrored.local(ids) if mirrored is not None else {}
    links.delete()
    send_references_again(kind, here)
    OutboxEntry.objects.filter(kind=kind, local_id__in=ids).update(state=OutboxState.WAITING, conflict={}, wishes={})
    OutboxEntry.objects.bulk_create(
        [
            OutboxEntry(kind=kind, local_id=pk, name=str(values.get(mirrored.title, "") if mirrored else "")[:512])
            for pk, values in here.items()
        ],
        ignore_conflicts=True,
    )
    return len(here)


# Ending ---------------------------------------------------------------------------------------------------------------


def _journal(said: str) -> SyncJournal:
    return SyncJournal(action=ACTION, said=said)


def _finish(answered: Answered, journal: SyncJournal) -> None:
    if journal.entries:
        answered.batch_id = journal.batch_id
    if answered.asked:
        _deliver_now(answered)


def _deliver_now(answered: Answered) -> None:
    """Ask for a delivery run that does not wait for the end of an outage: somebody has just said that it should be tried."""
    if answered.asked or answered.done:
        MirrorState.objects.filter(pk=1, retry_at__gt=timezone.now()).update(retry_at=None)
        request_run_soon(DELIVER_TASK, delay_seconds=0)
