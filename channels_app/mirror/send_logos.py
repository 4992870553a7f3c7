"""Brings pictures to the server: addresses that channels show and that it does not know yet, and uploaded files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels_app.chunks import chunked
from channels_app.logos.addresses import stored_name_of
from channels_app.logos.store import stored_path
from channels_app.mirror.limits import text_problem
from channels_app.mirror.logo_addresses import MEDIA_TYPES, address_here, uploaded_there
from channels_app.models import Logo
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Rejected
from ecm_site.dispatcharr.shapes import Logo as LogoRow
from tasks_app.mirror.identity import set_aside
from tasks_app.mirror.kinds import LinkBook
from tasks_app.mirror.state import quietly
from tasks_app.models import MirrorLink

KIND = "logo"
_FEW = 3  # so many are simply tried; more are looked up first


@dataclass
class SentLogos:
    """``ids``: address → id on the server. ``refused``: address → why not."""

    ids: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def ensure_logos(client: Dispatcharr, links: LinkBook, addresses: Mapping[str, str]) -> SentLogos:
    """Make sure that the server has a logo of each address (→ a name for it), and that it is in the library here, linked."""
    sent = SentLogos()
    for portion in chunked([address for address in addresses if address]):
        rows = dict(Logo.objects.filter(url__in=list(portion)).values_list("pk", "url"))
        remote = links.remotes_of(KIND, list(rows)) | _linked_now(list(rows))
        sent.ids |= {rows[local_id]: remote_id for local_id, remote_id in remote.items() if remote_id > 0}
    missing = [address for address in addresses if address and address not in sent.ids]
    if not missing:
        return sent
    there = _there(client) if len(missing) > _FEW else {}
    found: dict[str, LogoRow] = {}
    for address in missing:
        problem = text_problem("address of a picture", address, longest=4000)
        row = there.get(address)
        if row is None and not problem:
            try:
                row = make_there(client, addresses[address], address)
            except Rejected as error:
                there = _there(client)  # it has it after all
                row = there.get(address)
                problem = str(error)
        if row is None:
            sent.refused[address] = problem
        else:
            found[address] = row
            sent.ids[address] = row["id"]
    _remember(found)
    return sent


def make_there(client: Dispatcharr, name: str, address: str) -> LogoRow:
    """A new logo on the server. Raises :class:`Rejected`, also when the uploaded file is gone here."""
    stored = stored_name_of(address)
    if stored:
        return upload(client, name, stored)
    return client.logos.create(name.strip()[:255] or "Logo", address)


def upload(client: Dispatcharr, name: str, stored_name: str) -> LogoRow:
    """Give the server a file of ours. The same file again is the same logo."""
    path = stored_path(stored_name)
    if path is None:
        words = "The uploaded picture is gone from the data folder of this house. Upload it again, or choose another one."
        raise Rejected(words, fields={"url": words})
    media_type = MEDIA_TYPES[stored_name.rpartition(".")[2]]
    row = client.logos.upload(name.strip()[:255] or "Logo", stored_name, path.read_bytes(), media_type)
    return {**row, "url": row["url"] or uploaded_there(stored_name)}


def _there(client: Dispatcharr) -> dict[str, LogoRow]:
    return {address_here(client, row): row for row in client.logos.all()}


def _linked_now(local_ids: list[int]) -> dict[int, int]:
    """Links that were made in this very delivery, which the address book may not know."""
    return dict(MirrorLink.objects.filter(kind=KIND, local_id__in=local_ids).values_list("local_id", "remote_id"))


def _free_ids(ids: Mapping[int, int]) -> None:
    """What the server answered just now counts (local id → id there): an id that was another logo's was given again, after an
    older backup was put back there."""
    links = MirrorLink.objects.filter(kind=KIND, remote_id__in=list(ids.values()))
    set_aside(KIND, [link for link in links if ids.get(link.local_id) != link.remote_id])
    MirrorLink.objects.filter(kind=KIND, local_id__in=list(ids), remote_id__lt=0).delete()


def _remember(found: Mapping[str, LogoRow]) -> None:
    """Keep what the server has now in the library, linked, as if it had been pulled."""
    for portion in chunked(list(found)):
        with quietly():
            known = {url: pk for pk, url in Logo.objects.filter(url__in=list(portion)).values_list("pk", "url")}
            new = [
                Logo(name=found[url]["name"], url=url, stored_name=stored_name_of(url)) for url in portion if url not in known
            ]
            known |= {logo.url: logo.pk for logo in Logo.objects.bulk_create(new)}
            _free_ids({known[url]: found[url]["id"] for url in portion})
            MirrorLink.objects.bulk_create(
                [
                    MirrorLink(
                        kind=KIND,
                        local_id=known[url],
                        remote_id=found[url]["id"],
                        agreed={"name": found[url]["name"], "url": url},
                    )
                    for url in portion
                ],
                ignore_conflicts=True,
            )
