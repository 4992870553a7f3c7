"""Pictures that are uploaded have no address that everybody could open: how theirs are called here, and ours there."""

from collections.abc import Iterable

from channels_app.logos.addresses import uploaded_address
from channels_app.logos.store import stored_path
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Logo as LogoRow
from tasks_app.models import MirrorLink

_UPLOADED_THERE = "/data/logos/"
MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}
"""By the ending of our stored names."""


def address_here(client: Dispatcharr, row: LogoRow) -> str:
    """The address of a logo of the server as this house writes it.

    A file that was uploaded from here keeps our address as long as it is here; one that was uploaded there is shown from the
    server, which needs no sign-in for pictures.
    """
    url = row["url"]
    if not url.startswith(_UPLOADED_THERE):
        return url
    name = url.removeprefix(_UPLOADED_THERE)
    if stored_path(name) is not None:
        return uploaded_address(name)
    return f"{client.address}/api/channels/logos/{row['id']}/cache/"


def uploaded_there(stored_name: str) -> str:
    """What the server calls a file that it gets from us."""
    return f"{_UPLOADED_THERE}{stored_name}"


def addresses_of(client: Dispatcharr, remote_ids: Iterable[int]) -> dict[int, str]:
    """Addresses of logos of the server by their ids there: as last agreed on, else read now, in one request."""
    wanted = set(remote_ids)
    if not wanted:
        return {}
    links = MirrorLink.objects.filter(kind="logo")
    if len(wanted) <= 500:
        links = links.filter(remote_id__in=list(wanted))
    found = {pk: str(agreed["url"]) for pk, agreed in links.values_list("remote_id", "agreed") if "url" in agreed}
    if wanted - found.keys():
        found |= {row["id"]: address_here(client, row) for row in client.logos.all()}
    return found
