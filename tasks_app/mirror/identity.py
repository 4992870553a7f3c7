"""By what a row of the server is known for certain. Ids are given again when an older backup is put back there; this is not.

A link whose id is another row's by now is set aside: its row counts as vanished, with all that follows from that, and under a
number that no server gives it waits for the row to come back.
"""

from collections.abc import Collection, Iterable, Mapping

from django.db.models.fields.json import KeyTextTransform

from tasks_app.mirror.agreed import Found
from tasks_app.mirror.compare import comparable, same
from tasks_app.mirror.kinds import MirroredKind, Values
from tasks_app.models import MirrorLink, MirrorPull

IDENTITY = "@identity"
"""Among the values of a link. The name of no field, so it is never compared, sent or shown."""


def marked(kind: MirroredKind, agreed: Values, books: Values, before: Values) -> Values:
    """``agreed`` with what the row is known by; when the server does not say it, with what was known ``before``."""
    identity = kind.identity(books) or before.get(IDENTITY)
    return {**agreed, IDENTITY: identity} if identity else agreed


def is_another(kind: MirroredKind, link: MirrorLink, server: Found) -> bool:
    """Whether the server has another row under this id. One that is as agreed in everything else is taken for ours: its mark
    was made anew, as by an export and import there, and nothing can go wrong with it."""
    values, books = server
    known, found = link.agreed.get(IDENTITY), kind.identity(books)
    if not known or not found or known == found:
        return False
    return not all(same(link.agreed.get(name), value) for name, value in comparable(kind, values).items())


def others(kind: MirroredKind, found: Mapping[int, Found]) -> list[MirrorLink]:
    """Links whose ids are other rows' by now. Nearly always none, so only what rows are known by is read first."""
    identities = {pk: identity for pk, (_, books) in found.items() if (identity := kind.identity(books))}
    if not identities:
        return []
    links = MirrorLink.objects.filter(kind=kind.name, remote_id__in=list(identities))
    known = links.annotate(identity=KeyTextTransform(IDENTITY, "agreed")).values_list("pk", "remote_id", "identity")
    suspects = [pk for pk, remote_id, identity in known if identity and identity != identities[remote_id]]
    return [link for link in links.filter(pk__in=suspects) if is_another(kind, link, found[link.remote_id])] if suspects else []


def returned(kind: MirroredKind, found: Mapping[int, Found]) -> dict[int, MirrorLink]:
    """Links that were set aside and whose rows are among ``found`` (remote id → row): by remote id."""
    by_identity = {identity: pk for pk, (_, books) in found.items() if (identity := kind.identity(books))}
    if not by_identity:
        return {}
    aside = MirrorLink.objects.filter(kind=kind.name, remote_id__lt=0)
    known = dict(aside.annotate(identity=KeyTextTransform(IDENTITY, "agreed")).values_list("pk", "identity"))
    wanted = [pk for pk, identity in known.items() if identity in by_identity]
    return {by_identity[known[link.pk]]: link for link in MirrorLink.objects.filter(pk__in=wanted)} if wanted else {}


def set_aside(kind: str, links: Iterable[MirrorLink]) -> None:
    """Let go of ids that are other rows' by now, or will be. Inside a transaction."""
    moved: dict[int, int] = {}
    for link in links:
        moved[link.remote_id] = link.remote_id = -link.pk
        link.save(update_fields=["remote_id"])
    if not moved:
        return
    row = MirrorPull.objects.filter(kind=kind).first()
    for question in (row.held_back, row.accepted) if row is not None else ():  # what is asked about stays asked about
        if question.get("remote_ids"):
            question["remote_ids"] = sorted(moved.get(pk, pk) for pk in question["remote_ids"])
    if row is not None:
        row.save(update_fields=["held_back", "accepted"])


def on_the_server(remote_ids: Collection[int]) -> list[int]:
    """Those under which the server may have something, sorted."""
    return sorted(pk for pk in remote_ids if pk > 0)
