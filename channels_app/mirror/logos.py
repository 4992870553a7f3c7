"""The library of logos. Addresses are unique on both sides, so an address that is there already is ours."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from channels_app.chunks import chunked
from channels_app.logos.addresses import stored_name_of
from channels_app.mirror.answers import each
from channels_app.mirror.limits import first_problem
from channels_app.mirror.logo_addresses import address_here, uploaded_there
from channels_app.mirror.names import as_on_server, remote_ids_of
from channels_app.mirror.send_logos import make_there, upload
from channels_app.models import Logo
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Rejected
from ecm_site.dispatcharr.shapes import Logo as LogoRow
from ecm_site.wording import shortened
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Refused, Values, Watched
from tasks_app.mirror.readable import needed_text, readable, with_ids
from tasks_app.models import MirrorLink

KIND = "logo"
_FIELDS = ("name", "url")
_LIMITS = {"name": ("name of a logo", 255, True), "url": ("address of a picture", 4000, True)}


class LogoKind(MirroredKind):
    name = KIND
    label = "logo"
    position = 71
    fields = {"name": "name", "url": "address"}
    watched = (Watched(Logo._meta.db_table, columns=_FIELDS, name="name"),)
    natural_key = "url"
    category = "channel"

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        rows = Logo.objects.all() if ids is None else Logo.objects.filter(pk__in=list(ids))
        found = {pk: {"name": name, "url": url} for pk, name, url in rows.values_list("pk", *_FIELDS)}
        urls = as_on_server(KIND, "url", {pk: values["url"] for pk, values in found.items()}, _told_apart, ids)
        return {pk: values | {"url": urls[pk]} for pk, values in found.items()}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        urls = _urls_here({pk: values["url"] for pk, values in rows.items()})
        logos = [Logo(name=rows[pk]["name"], url=url, stored_name=stored_name_of(url)) for pk, url in urls.items()]
        return dict(zip(urls, (logo.pk for logo in Logo.objects.bulk_create(logos)), strict=True))

    def change(self, rows: Mapping[int, Values]) -> None:
        remote = remote_ids_of(KIND, list(rows))
        for pk, values in rows.items():
            new = dict(values)
            if "url" in new:
                number = remote.get(pk, pk)
                new["url"] = _urls_here({number: new["url"]}, except_id=pk)[number]
                new |= {"stored_name": stored_name_of(new["url"]), "checked_at": None, "problem": ""}
            Logo.objects.filter(pk=pk).update(**new)

    def remove(self, ids: Collection[int]) -> None:
        for portion in chunked(list(ids)):
            Logo.objects.filter(pk__in=portion).delete()

    def bring_back(self, values: Values) -> int | None:
        logo, _ = Logo.objects.get_or_create(
            url=values["url"], defaults={"name": values["name"], "stored_name": stored_name_of(values["url"])}
        )
        return int(logo.pk)

    def stand_in(self, value: Any, remote_id: int) -> str | None:
        """A picture that was uploaded from here is found by its address and keeps it."""
        return None if stored_name_of(value) else f"{value}#ecm-{remote_id}"

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        wanted = None if ids is None else set(ids)
        rows = with_ids(KIND, links, client.logos.all())
        chosen = (row for row in rows if wanted is None or row["id"] in wanted)
        yield from readable(KIND, links, chosen, lambda row: (row["id"], _values(client, row), {}))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        there = {address_here(client, row): row for row in client.logos.all()}
        owners = links.locals_of(KIND, [row["id"] for row in there.values()])
        for local_id, values in rows.items():
            problem = first_problem(values, _LIMITS)
            if problem:
                yield Refused(local_id, problem)
                continue
            row = there.get(values["url"])
            if row is None:
                try:
                    row = make_there(client, values["name"], values["url"])
                except Rejected as error:
                    yield Refused(local_id, str(error))
                    continue
            if owners.setdefault(row["id"], local_id) != local_id:
                yield Refused(local_id, f"Dispatcharr has this picture already: it is “{shortened(row['name'])}” here.")
                continue
            there[values["url"]] = row
            yield Delivered(local_id, row["id"], _values(client, row))

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        fit = []
        for change in changes:
            problem = first_problem(change.values, _LIMITS)
            if problem:
                yield Refused(change.local_id, problem)
            else:
                fit.append(change)

        def send(change: Change) -> Delivered:
            body = dict(change.values)
            if "url" in body and stored_name_of(body["url"]):
                body["url"] = _upload_for(client, change)
            row = client.logos.update(change.remote_id, body)
            return Delivered(change.local_id, change.remote_id, _values(client, row))

        yield from each(fit, send)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Files that were uploaded from here go as well."""
        agreed = MirrorLink.objects.filter(kind=KIND, local_id__in=list(rows)).values_list("local_id", "agreed")
        ours = {pk for pk, values in agreed if stored_name_of(str(values.get("url", "")))}
        for delete_files in (False, True):
            chosen = [(local, remote) for local, remote in rows.items() if (local in ours) is delete_files]
            for portion in chunked(chosen):
                client.logos.delete_many([remote for _, remote in portion], delete_files=delete_files)
                for local_id, remote_id in portion:
                    yield Delivered(local_id, remote_id, {})


def _values(client: Dispatcharr, row: LogoRow) -> Values:
    return {"name": needed_text(row, "name"), "url": address_here(client, row)}


def _told_apart(url: str, remote_id: int) -> str:
    return f"{url}#{remote_id}"


def _urls_here(urls: Mapping[int, str], *, except_id: int | None = None) -> dict[int, str]:
    """Addresses for this house by remote id; one that another row has gets the server's number behind a hash sign."""
    taken = set(Logo.objects.filter(url__in=list(urls.values())).exclude(pk=except_id or 0).values_list("url", flat=True))
    found: dict[int, str] = {}
    for remote_id, url in urls.items():
        found[remote_id] = _told_apart(url, remote_id) if url in taken else url
        taken.add(found[remote_id])
    return found


def _upload_for(client: Dispatcharr, change: Change) -> str:
    """Bring a file to the server for a logo that is there already. The upload makes another logo, which has to give way."""
    row = upload(client, change.whole["name"], stored_name_of(change.whole["url"]))
    if row["id"] != change.remote_id:
        if row["channel_count"]:
            words = f"Dispatcharr has this picture already as the logo “{shortened(row['name'])}”. Use that one."
            raise Rejected(words, fields={"url": words})
        client.logos.delete_many([row["id"]])
    return uploaded_there(stored_name_of(change.whole["url"]))
