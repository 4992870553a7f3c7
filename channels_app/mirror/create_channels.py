"""Creates channels on the server, never one of them twice (10 §14.5).

Many at once come from their streams, with the server's bulk call, which works in the background and copies name, group, picture
and guide from the stream; what differs is then set like any edit. Channels without streams, that share their first stream with
another, or are few, are created one by one. Either way a channel is asked for only after what is asked for was written down
(:mod:`channels_app.mirror.arrivals`), and is ours once it has everything it is to have.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Max

from channels_app.chunks import chunked
from channels_app.mirror.answers import MISSING, is_about_missing
from channels_app.mirror.arrivals import (
    IN_BULK,
    KIND,
    ONE_BY_ONE,
    PERHAPS,
    Begun,
    Expected,
    as_sent,
    from_stream,
    matched,
    new_ids,
    new_rows,
    newest_id,
    recognised,
)
from channels_app.mirror.channel_rows import keep_channel_books, read_channels
from channels_app.mirror.channel_targets import SENT_AS, Edit, Targets
from channels_app.mirror.channel_values import Reading, number_there, stream_remotes
from channels_app.mirror.deliver_channels import deliver_edits
from channels_app.mirror.edit_there import Body, Judge
from channels_app.mirror.read_there import read_rows
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, Rejected, ServerFault
from ecm_site.dispatcharr.shapes import Channel, ChannelProfile
from tasks_app.mirror.compare import same
from tasks_app.mirror.kinds import Attempts, Delivered, LinkBook, Outcome, Postponed, Refused, Values
from tasks_app.mirror.state import quietly
from tasks_app.models import MirrorLink

logger = logging.getLogger(__name__)

BULK_FROM = 20
"""Fewer than this are created one by one: that takes about as long as waiting for the background work."""
BULK_PORTION = 1000
SINGLE_PORTION = 100
_PATIENCE = 45.0  # seconds without anything new after which a bulk creation is looked at another time
_REST = 4.0  # the same, once some of it has arrived
_LOOKS = (0.15, 0.3, 0.5, 0.8)  # seconds between looks, the last one for all that follow
_THERE = {**SENT_AS, "guide_entry": "epg_data_id"}
_STILL = "Dispatcharr is still creating it."

sleep: Callable[[float], None] = time.sleep


def create_channels(client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
    """Create local rows (id → whole values). First what was begun earlier is seen through, also without any rows."""
    settled: set[int] = set()
    for attempt_id, details in attempts.unfinished():
        yield from _see_through(client, links, rows, attempts, attempt_id=attempt_id, begun=Begun.of(details), settled=settled)
    waiting = {pk: values for pk, values in rows.items() if pk not in settled}
    targets = Targets(client, links, list(waiting.values()))
    for pk, values in list(waiting.items()):
        problem = targets.problem(pk, values)
        if problem is not None:
            del waiting[pk]
            yield problem
    bulk = _from_streams(waiting, targets)
    for portion in chunked(list(bulk), BULK_PORTION):
        yield from _create_in_bulk(client, links, {pk: waiting[pk] for pk in portion}, attempts, targets)
    single = [pk for pk in waiting if pk not in bulk]
    for portion in chunked(single, SINGLE_PORTION):
        yield from _create_one_by_one(client, links, {pk: waiting[pk] for pk in portion}, attempts, targets)


def _from_streams(rows: Mapping[int, Values], targets: Targets) -> list[int]:
    """Rows that the bulk call can make: each has a first stream that no other one has."""
    first = {pk: values["stream_ids"][0] for pk, values in rows.items() if values["stream_ids"]}
    times = Counter(first.values())
    fit = [pk for pk, stream_id in first.items() if times[stream_id] == 1 and stream_id in targets.streams]
    return fit if len(fit) >= BULK_FROM else []


# What was begun and not seen through


def perhaps_created(links: LinkBook, rows: Mapping[int, Values]) -> dict[str, Any]:
    """Details of an attempt that may have created these channels at any time since the newest that is linked."""
    newest = MirrorLink.objects.filter(kind=KIND).aggregate(newest=Max("remote_id"))["newest"] or 0
    streams = stream_remotes(links, {pk for values in rows.values() for pk in values["stream_ids"]})
    expected = {}
    for pk, values in rows.items():
        name, first = values["name"].strip(), values["stream_ids"][:1]
        looks = {
            "name": [name],
            "channel_number": [number_there(values["number"])],
            "tvg_id": [values["tvg_id"].strip()],
            "tvc_guide_stationid": [values["gracenote_id"].strip()],
            "hidden_from_output": [values["is_hidden"]],
            "streams": [[streams[stream] for stream in values["stream_ids"] if stream in streams]],
        }
        expected[pk] = Expected((name,), streams.get(first[0]) if first else None, looks)
    return Begun(PERHAPS, newest, 0.0, accepted=False, rows=expected).details()


def _see_through(
    client: Dispatcharr,
    links: LinkBook,
    rows: Mapping[int, Values],
    attempts: Attempts,
    *,
    attempt_id: int,
    begun: Begun,
    settled: set[int],
) -> Iterator[Outcome]:
    """Find what became of an attempt. Rows that are dealt with, or must wait, are ``settled``."""
    known = links.remotes_of("channel", list(begun.rows))
    missing = {pk: expected for pk, expected in begun.rows.items() if pk not in known and pk not in settled}
    here = {**read_channels([pk for pk in missing if pk not in rows]), **rows}
    names = {pk: here[pk]["name"].strip() for pk in missing if pk in here}
    arrived = _arrived(client, links, missing, names, begun) if missing else {}
    settled |= set(arrived)
    # Deleted here meanwhile: the link lets it be deleted there, too. And what was whole is compared as it is.
    as_they_are = {pk: row for pk, row in arrived.items() if pk not in here or begun.how == PERHAPS}
    ours = {pk: row for pk, row in arrived.items() if pk not in as_they_are}
    yield from _finish(client, links, here, ours, asked_for=begun.rows)
    profiles = client.channel_profiles.all() if as_they_are else ()
    values_there = _values_of(client, links, list(as_they_are.values()), profiles=profiles)
    for (pk, row), values in zip(as_they_are.items(), values_there, strict=True):
        yield Delivered(pk, row["id"], values, {"uuid": row["uuid"]})
    late = [pk for pk in missing if pk not in arrived]
    if late and not begun.is_over(partly=len(late) < len(begun.rows)):
        settled |= set(late)
        yield from (Postponed(pk, _STILL) for pk in late if pk in rows)
        return
    attempts.finish(attempt_id)
    if late:
        logger.info("[MIRROR] %s channels of an earlier attempt never arrived", len(late))


def _arrived(
    client: Dispatcharr, links: LinkBook, missing: Mapping[int, Expected], names: Mapping[int, str], begun: Begun
) -> dict[int, Channel]:
    rows = new_rows(client, links, begun.newest)
    found = matched(missing, rows, names)
    known = {row["id"] for row in found.values()}
    left = [row for row in rows if row["id"] not in known]
    late = {pk: expected for pk, expected in missing.items() if pk not in found}
    if left and late:
        if begun.how == PERHAPS:
            return found | recognised(late, left, ())
        members = {channel_id for profile in client.channel_profiles.all() for channel_id in profile["channels"]}
        found |= recognised(late, left, members)
    return found


# Many at once


def _create_in_bulk(
    client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts, targets: Targets
) -> Iterator[Outcome]:
    streams = {pk: targets.streams[values["stream_ids"][0]] for pk, values in rows.items()}
    there = {row["id"]: row for part in client.streams.by_ids(streams.values()) for row in part}
    names = {stream_id: row["name"] for stream_id, row in there.items()}
    for pk in [pk for pk, stream_id in streams.items() if stream_id not in names]:
        del streams[pk]
        yield Postponed(pk, "Waits: its first stream is no longer on the server. Read the account again.")
    if not streams:
        return
    bodies = {pk: targets.body(Edit(pk, 0, rows[pk], rows[pk])) for pk in streams}
    expected = {
        pk: Expected((names[stream_id].strip(), rows[pk]["name"].strip()), stream_id, from_stream(bodies[pk], there[stream_id]))
        for pk, stream_id in streams.items()
    }
    begun = Begun(IN_BULK, newest_id(client, links), time.time(), accepted=False, rows=expected)
    attempt_id = attempts.begin(begun.details())
    try:
        client.channels.create_from_streams(list(streams.values()), profile_ids=[])
    except DispatcharrError as error:
        if not error.maybe_done:
            attempts.finish(attempt_id)
        raise
    accepted = attempts.begin(replace(begun, accepted=True).details())
    attempts.finish(attempt_id)
    arrived = _await(client, links, begun)
    pictures = {
        row["logo_id"]: str(there[streams[pk]]["logo_url"]) for pk, row in arrived.items() if row["logo_id"] is not None
    }
    yield from _finish(client, links, rows, arrived, pictures=pictures)
    missing = [pk for pk in expected if pk not in arrived]
    if missing:
        yield from (Postponed(pk, _STILL) for pk in missing)
        return
    attempts.finish(accepted)


def _await(client: Dispatcharr, links: LinkBook, begun: Begun) -> dict[int, Channel]:
    """Wait until everything has arrived; or some of it and then nothing more; or nothing at all for long."""
    seen: list[int] = []
    arrived: dict[int, Channel] | None = None
    quiet_since = time.monotonic()
    look = 0
    while True:
        sleep(_LOOKS[min(look, len(_LOOKS) - 1)])
        look += 1
        found = new_ids(client, links, begun.newest)
        if found != seen:
            seen, quiet_since, arrived = found, time.monotonic(), None
        quiet = time.monotonic() - quiet_since
        if arrived is None and (len(found) >= len(begun.rows) or (found and quiet > _REST)):
            arrived = matched(begun.rows, read_rows(client, found))
        if arrived is not None and len(arrived) == len(begun.rows):
            return arrived
        if quiet > (_REST if arrived else _PATIENCE):
            return arrived or {}


# One by one


def _create_one_by_one(
    client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts, targets: Targets
) -> Iterator[Outcome]:
    targets.send_logos([(values, values) for values in rows.values()])
    fit: dict[int, Values] = {}
    for pk, values in rows.items():
        problem = targets.logo_problem(pk, values)
        if problem is None:
            fit[pk] = values
        else:
            yield problem
    if not fit:
        return
    bodies = {pk: targets.body(Edit(pk, 0, values, values)) | {"channel_profile_ids": []} for pk, values in fit.items()}
    expected = _expected(fit, targets, bodies)
    begun = Begun(ONE_BY_ONE, newest_id(client, links), time.time(), accepted=False, rows=expected)
    attempt_id = attempts.begin(begun.details())
    made: dict[int, Channel] = {}
    problems: list[Outcome] = []
    judge = Judge(client)
    for pk, body in bodies.items():
        try:
            made[pk] = client.channels.create(body)
        except Rejected as error:
            problems.append(Postponed(pk, MISSING) if is_about_missing(error) else Refused(pk, str(error)))
        except ServerFault as fault:
            if not made and not begun.newest:
                raise
            judge.raise_unless_rows_are_to_blame(fault, next(iter(made.values()))["id"] if made else begun.newest)
            problems.append(Refused(pk, str(fault)))
    yield from _finish(client, links, fit, made, in_no_profile=True)
    yield from problems
    attempts.finish(attempt_id)


def _expected(rows: Mapping[int, Values], targets: Targets, bodies: Mapping[int, Body]) -> dict[int, Expected]:
    return {
        pk: Expected(
            (values["name"].strip(),),
            targets.streams[values["stream_ids"][0]] if values["stream_ids"] else None,
            as_sent(bodies[pk], targets.entries.get(values["guide_entry"])),
        )
        for pk, values in rows.items()
    }


# Made, and now as wanted


def _finish(
    client: Dispatcharr,
    links: LinkBook,
    rows: Mapping[int, Values],
    made: Mapping[int, Channel],
    *,
    in_no_profile: bool = False,
    asked_for: Mapping[int, Expected] | None = None,
    pictures: Mapping[int, str] | None = None,
) -> Iterator[Outcome]:
    """Set what differs from what was wanted. A channel that cannot be as wanted is taken off the server again.

    ``in_no_profile``: it has just been created so, and nothing has to be switched off. ``asked_for``: it was made some time
    ago; what others have set since stays, and is compared like any other change. ``pictures``: addresses of logos by their
    ids there, as far as they are known without asking.
    """
    if not made:
        return
    profiles = client.channel_profiles.all() if asked_for else ()
    there = dict(zip(made, _values_of(client, links, list(made.values()), pictures, profiles), strict=True))
    targets = Targets(client, links, ())
    edits = []
    for pk, row in made.items():
        wanted, whole = rows[pk], rows[pk]
        values = {name: value for name, value in wanted.items() if not same(value, there[pk][name])}
        if wanted["guide_entry"] is None and row["epg_data_id"] is not None:
            values["guide_entry"] = None  # the server found one that is not known here
        if wanted["group"] is None and row["channel_group_id"] != targets.default_group():
            values["group"] = None  # the provider's group need not be known here
        if in_no_profile and not wanted["profile_ids"]:
            values.pop("profile_ids", None)
        else:
            values["profile_ids"] = wanted["profile_ids"]
        if asked_for and asked_for[pk].looks:
            theirs = asked_for[pk].changed(row)
            values = {name: value for name, value in values.items() if _THERE.get(name) not in theirs}
            values["profile_ids"] = sorted({*wanted["profile_ids"], *there[pk]["profile_ids"]})
            whole = there[pk] | values
        edits.append(Edit(pk, row["id"], values, whole, row=row))
    _take_books(made)
    problems: list[Outcome] = []
    for outcome in deliver_edits(client, links, edits, pictures=pictures):
        if isinstance(outcome, Delivered):
            yield outcome
        else:
            problems.append(outcome)
    if problems:
        client.channels.delete_many([made[outcome.local_id]["id"] for outcome in problems])
        yield from problems
    logger.info("[MIRROR] Created %s channels on the server, %s of them taken back", len(made), len(problems))


def _values_of(
    client: Dispatcharr,
    links: LinkBook,
    rows: Sequence[Channel],
    pictures: Mapping[int, str] | None = None,
    profiles: Sequence[ChannelProfile] = (),
) -> list[Values]:
    return [values for _, values, _ in Reading(client, links, profiles, pictures or {}).translated(rows)]


def _take_books(made: Mapping[int, Channel]) -> None:
    """The server's uuids are those of players, so they become ours."""
    for portion in chunked(list(made)):
        with quietly():
            keep_channel_books(
                {pk: {"uuid": made[pk]["uuid"], "auto_created": False, "auto_created_by": None} for pk in portion}
            )
