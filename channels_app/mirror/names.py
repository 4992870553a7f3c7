"""Names that the server may have twice and this house may not: what is shown here when two rows there are called the same.

The second one gets the server's own number behind its name. That is a matter of this house alone: compared and delivered is
always the server's name, for as long as nobody gives the row another one here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from django.db.models import Model

from tasks_app.models import MirrorLink

TellApart = Callable[[str, int], str]
_ASCII = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def folded(name: str) -> str:
    """A name as the uniqueness of this house compares it: SQLite's LOWER knows ASCII only."""
    return name.translate(_ASCII)


def told_apart(longest: int) -> TellApart:
    """Makes "Sport (#153)" of the second "sport", at most ``longest`` characters long."""

    def tell(name: str, remote_id: int) -> str:
        tail = f" (#{remote_id})"
        return name[: longest - len(tail)].rstrip() + tail

    return tell


def names_here(names: Iterable[tuple[int, str]], *, taken: Iterable[str], longest: int) -> dict[int, str]:
    """Names for this house by remote id: those of the server, told apart where they are ``taken`` or too long. Of several
    that are the same, the oldest row keeps it."""
    tell = told_apart(longest)
    used = {folded(name) for name in taken}
    found: dict[int, str] = {}
    for remote_id, name in sorted(names):
        here = name
        if folded(here) in used or len(here) > longest:
            here = tell(name, remote_id)
        used.add(folded(here))
        found[remote_id] = here
    return found


def set_names(kind: str, model: type[Model], wanted: Mapping[int, str], *, longest: int) -> None:
    """Call rows what the server calls them (local id → name there), as far as this house can; two may exchange theirs.
    A constant number of queries."""
    remote = remote_ids_of(kind, list(wanted))
    taken = model._default_manager.exclude(pk__in=list(wanted)).values_list("name", flat=True)
    names = names_here(((remote.get(pk, pk), name) for pk, name in wanted.items()), taken=taken, longest=longest)
    if len(wanted) > 1:
        model._default_manager.bulk_update([model(pk=pk, name=f"\x00{pk}") for pk in wanted], ["name"])
    model._default_manager.bulk_update([model(pk=pk, name=names[remote.get(pk, pk)]) for pk in wanted], ["name"])


def as_on_server(
    kind: str, field: str, values: Mapping[int, str], tell: TellApart, ids: Collection[int] | None
) -> dict[int, str]:
    """``values`` by local id, with the server's own text where this house had to tell it apart. One query."""
    links = MirrorLink.objects.filter(kind=kind)
    if ids is not None:
        links = links.filter(local_id__in=list(values))
    found = dict(values)
    for local_id, remote_id, agreed in links.values_list("local_id", "remote_id", "agreed"):
        theirs = agreed.get(field)
        here = values.get(local_id)
        if here is not None and isinstance(theirs, str) and here != theirs and here == tell(theirs, remote_id):
            found[local_id] = theirs
    return found


def remote_ids_of(kind: str, local_ids: Collection[int]) -> dict[int, int]:
    """Local id → remote id of linked rows. One query."""
    return dict(MirrorLink.objects.filter(kind=kind, local_id__in=list(local_ids)).values_list("local_id", "remote_id"))
