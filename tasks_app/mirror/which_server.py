"""The client of the server that is mirrored, and of no other: of an address that was changed in the settings ECM asks first."""

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.client import Dispatcharr, get_client
from ecm_site.dispatcharr.errors import DispatcharrError
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState


class AnotherAddress(DispatcharrError):
    """The settings name another address than the one that is mirrored."""


def has_moved(state: MirrorState) -> bool:
    """Whether the settings name another address than the one that is mirrored. Both are as they were typed: the client writes
    hosts in its own way."""
    named = get_settings().dispatcharr_url
    return bool(state.connected and state.address and named and named != state.address)


def mirrored_client() -> Dispatcharr:
    """What pulls, deliveries and refreshes work with. Costs no request.

    Raises :class:`AnotherAddress`, and what :func:`~ecm_site.dispatcharr.client.get_client` raises.
    """
    client = get_client()
    state = mirror_state()
    if has_moved(state):
        raise AnotherAddress(
            f"The settings name {client.address}, but {state.address} is mirrored. Say on Settings → Dispatcharr whether it is"
            " the same server at a new address; until then nothing is sent and nothing is read."
        )
    return client
