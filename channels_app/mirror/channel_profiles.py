"""Channel profiles: their names. Which channels are in one is a matter of the channels (:mod:`channels_app.mirror.channels`).

A new profile of the server shows every channel (NOTES §6). One that is made for a profile of ours is emptied at once, except
for the channels that are in it here; until that is done nobody else may look at it.
"""

from collections.abc import Collection, Iterator, Mapping

from channels_app.mirror.answers import each
from channels_app.mirror.limits import text_problem
from channels_app.mirror.named_rows import NamedKind
from channels_app.models import ChannelProfile, ProfileMembership
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Rejected
from ecm_site.dispatcharr.shapes import ChannelProfile as ChannelProfileRow
from ecm_site.wording import shortened
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    Outcome,
    Refused,
    Values,
    Watched,
)
from tasks_app.mirror.readable import Row, needed_text, readable, with_ids
from tasks_app.models import CreationAttempt

KIND = "channel_profile"
LONGEST = 100


class ChannelProfileKind(NamedKind):
    name = KIND
    label = "channel profile"
    position = 73
    asks_from = 2  # which channels were in them goes with them, and a house has few
    watched = (Watched(ChannelProfile._meta.db_table, columns=("name",), name="name"),)
    id_table = ChannelProfile._meta.db_table
    model = ChannelProfile
    longest = LONGEST

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = with_ids(KIND, links, client.channel_profiles.all())
        unfinished = _unfinished_names()
        known = links.locals_of(KIND, [row["id"] for row in rows]) if unfinished else {}

        def translated(row: ChannelProfileRow) -> Row | None:
            name = needed_text(row, "name")
            return None if name in unfinished and row["id"] not in known else (row["id"], {"name": name}, {})

        yield from readable(KIND, links, (row for row in rows if ids is None or row["id"] in ids), translated)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        there = {row["name"]: row for row in client.channel_profiles.all()}
        owners = links.locals_of(KIND, [row["id"] for row in there.values()])
        settled: set[int] = set()
        for attempt_id, details in attempts.unfinished():
            found = there.get(details["name"])
            if found is not None and found["id"] not in owners:
                local_id = owners[found["id"]] = int(details["local_id"])
                settled.add(local_id)
                _set_members(client, links, found, local_id)
                yield Delivered(local_id, found["id"], {"name": found["name"]})
            attempts.finish(attempt_id)
        for local_id, values in rows.items():
            if local_id in settled:
                continue
            name = values["name"].strip()
            problem = text_problem("name of a channel profile", name, longest=LONGEST, required=True)
            found = there.get(name)
            if not problem and found is not None and owners.setdefault(found["id"], local_id) != local_id:
                problem = f"Dispatcharr’s profile “{shortened(name)}” is another one here already. Rename this one."
            if problem:
                yield Refused(local_id, problem)
            elif found is not None:
                yield Delivered(local_id, found["id"], {"name": found["name"]})
            else:
                attempt_id = attempts.begin({"name": name, "local_id": local_id})
                try:
                    made = client.channel_profiles.create(name)
                except Rejected as error:
                    attempts.finish(attempt_id)
                    yield Refused(local_id, str(error))
                    continue
                there[name] = made
                owners[made["id"]] = local_id
                _set_members(client, links, made, local_id)
                yield Delivered(local_id, made["id"], {"name": made["name"]})
                attempts.finish(attempt_id)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        fit = []
        for change in changes:
            problem = text_problem("name of a channel profile", change.whole["name"], longest=LONGEST, required=True)
            if problem:
                yield Refused(change.local_id, problem)
            else:
                fit.append(change)

        def rename(change: Change) -> Delivered:
            row = client.channel_profiles.rename(change.remote_id, change.whole["name"].strip())
            return Delivered(change.local_id, change.remote_id, {"name": row["name"]})

        yield from each(fit, rename)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for local_id, remote_id in rows.items():
            try:
                client.channel_profiles.delete(remote_id)
            except NotFound:
                pass
            except Rejected as error:
                yield Refused(local_id, str(error))
                continue
            yield Delivered(local_id, remote_id, {})


def _unfinished_names() -> set[str]:
    begun = CreationAttempt.objects.filter(kind=KIND).values_list("details", flat=True)
    return {str(details.get("name")) for details in begun}


def _set_members(client: Dispatcharr, links: LinkBook, profile: ChannelProfileRow, local_id: int) -> None:
    """Everything off but what is in it here; channels that the server does not have yet are put in when they are made."""
    here = list(ProfileMembership.objects.filter(profile_id=local_id).values_list("channel_id", flat=True))
    wanted = set(links.remotes_of("channel", here).values())
    client.channel_profiles.set_channels(profile["id"], {pk: pk in wanted for pk in client.channels.ids()})
