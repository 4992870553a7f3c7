"""The client of the server that is mirrored, and of no other.

Of an address that was changed in the settings ECM asks first. Of an address that stayed it looks, before each piece of work,
whether the same installation answers there: a server that was set up anew has the same ids for other things, and everything
would be renamed, here or there.
"""

import logging

from django.db import transaction
from django.utils import timezone

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.client import Dispatcharr, NotConfigured, get_client
from ecm_site.dispatcharr.errors import DispatcharrError
from tasks_app.journal import log_entry
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.which_server_marks import Marks, Verdict, compare, installed_at, own_mark, read_marks
from tasks_app.models import MirrorState
from tasks_app.notifications.notify import notify

logger = logging.getLogger(__name__)

ANOTHER = (
    "The server at {address} looks like another one than the one that is mirrored. Nothing is sent and nothing is read until"
    " somebody says on the page Server what it is."
)


class AnotherAddress(DispatcharrError):
    """The settings name another address than the one that is mirrored."""


class LooksLikeAnother(DispatcharrError):
    """Another installation answers at the address that is mirrored, and nobody has said yet that this is right."""


def has_moved(state: MirrorState) -> bool:
    """Whether the settings name another address than the one that is mirrored. Both are as they were typed: the client writes
    hosts in its own way."""
    named = get_settings().dispatcharr_url
    return bool(state.connected and state.address and named and named != state.address)


def lacks_address(state: MirrorState) -> bool:
    """Whether a server is mirrored and the settings name none. The settings pages refuse that; a file edited by hand, or a
    backup of before that is put back, may bring it about all the same."""
    return state.connected and not get_settings().dispatcharr_url


def known_client() -> Dispatcharr:
    """For looking in passing, such as at what is being watched: costs no request, and changes nothing here or there.

    Raises :class:`AnotherAddress`, :class:`LooksLikeAnother` when that is known already, and what
    :func:`~ecm_site.dispatcharr.client.get_client` raises.
    """
    client, state = _client_at_its_address()
    if state.connected and state.doubt:
        raise LooksLikeAnother(ANOTHER.format(address=state.address or client.address))
    return client


def mirrored_client() -> Dispatcharr:
    """What pulls, deliveries and refreshes work with. Asks the server first whether it is the one: one small request.

    Raises :class:`AnotherAddress`, :class:`LooksLikeAnother`, and any ``DispatcharrError`` of asking.
    """
    client, state = _client_at_its_address()
    if state.connected:
        _look(client, state)
    return client


def _client_at_its_address() -> tuple[Dispatcharr, MirrorState]:
    state = mirror_state()
    if lacks_address(state):
        raise NotConfigured(
            "No address is entered for the server that is mirrored. Enter it on Settings → Dispatcharr, or go back to"
            " standalone there; until then nothing is sent and nothing is read."
        )
    client = get_client()
    if has_moved(state):
        raise AnotherAddress(
            f"The settings name {client.address}, but {state.address} is mirrored. Say on Settings → Dispatcharr whether it is"
            " the same server at a new address; until then nothing is sent and nothing is read."
        )
    return client, state


def _look(client: Dispatcharr, state: MirrorState) -> None:
    """Usually our own account is enough; everything else is asked for when that is not known, or is another."""
    known, own = state.marks, own_mark(client)
    if known and not state.doubt and compare(known, own) is Verdict.SAME:
        return
    found = read_marks(client)
    verdict = compare(known, found)
    if verdict is Verdict.OTHER:
        _begin_doubt(client, state, found)
        raise LooksLikeAnother(ANOTHER.format(address=state.address or client.address))
    if verdict is Verdict.UNKNOWN and known:
        logger.warning("[MIRROR] The server shows nothing of what it was known by; going on")
    elif found != known:
        MirrorState.objects.filter(pk=1).update(marks=found)
    if state.doubt and _end_doubt():
        _tell(state, "dispatcharr_known_again", f"The server at {state.address} is the one that is mirrored again.")


def _begin_doubt(client: Dispatcharr, state: MirrorState, found: Marks) -> None:
    """Once for each other installation; told under the bell and in the journal."""
    if state.doubt.get("marks") == found:
        return
    doubt = {"at": timezone.now().isoformat(), "address": client.address, "marks": found}
    words = (
        f"Another installation of Dispatcharr answers at {client.address}: {told_apart(state.marks, found)}"
        " Nothing is sent and nothing is read until somebody says what it is."
    )
    with transaction.atomic():
        if not MirrorState.objects.filter(pk=1, connected=True).update(doubt=doubt):
            return
        _tell(state, "dispatcharr_looks_other", words)
    logger.error("[MIRROR] %s", words)
    notify(
        "error",
        words,
        title="This looks like another Dispatcharr server",
        source="mirror",
        source_id="install",
        action_label="Server",
        action_url="/server/",
    )


def _end_doubt() -> bool:
    """Whether there was one."""
    return bool(
        MirrorState.objects.filter(pk=1).exclude(doubt={}).update(doubt={}, trouble="", trouble_since=None, retry_at=None)
    )


def told_apart(known: Marks, found: Marks) -> str:
    """How one can see that they differ, in a sentence or two."""
    both = len(known.keys() & found.keys())
    if both == 1:
        difference = "The one thing that both have was made at another moment."
    else:
        difference = f"Of {both} things that both have, none was made at the same moment."
    then, now = installed_at(known), installed_at(found)
    if then is None or now is None:
        return difference
    when = "{:%-d %B %Y, %H:%M} UTC"
    return f"{difference} The mirrored one was set up about {when.format(then)}, this one about {when.format(now)}."


def _tell(state: MirrorState, action: str, words: str) -> None:
    log_entry("settings", action, entity_type="dispatcharr", entity_name=state.address, description=words, undoable=False)
