"""The client of the server that is mirrored, and of no other: of an address that was changed in the settings ECM asks first."""

from ecm_site.dispatcharr.client import Dispatcharr, get_client
from ecm_site.dispatcharr.errors import DispatcharrError
from tasks_app.mirror.state import mirror_state


class AnotherAddress(DispatcharrError):
    """The settings name another address than the one that is mirrored."""


def mirrored_client() -> Dispatcharr:
    """What pulls, deliveries and refreshes work with. Costs no request.

    Raises :class:`AnotherAddress`, and what :func:`~ecm_site.dispatcharr.client.get_client` raises.
    """
    client = get_client()
    mirrored = mirror_state().address
    if mirrored and mirrored != client.address:
        raise AnotherAddress(
            f"The settings name {client.address}, but {mirrored} is mirrored. Say on Settings → Dispatcharr whether it is the"
            " same server at a new address; until then nothing is sent and nothing is read."
        )
    return client
