"""One history: steps are told, carried out, and at the end both sides have to be what the operator committed or was asked."""

import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection

from channels_app.mirror import arrivals, create_channels
from channels_app.models import Channel
from m3u_app.mirror.run_when_free import OURS
from m3u_app.models import Account, Stream
from tasks_app.mirror import pull as pulling
from tasks_app.mirror.answers import DELETED, HERE, MINE, THEIRS, answer_conflict, answer_held_back, drop, retry, take_theirs
from tasks_app.mirror.compare import comparable
from tasks_app.mirror.identity import IDENTITY
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.reconcile import Reconciler
from tasks_app.models import CreationAttempt, MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tests.dispatcharr.stories.filters_made import FiltersMade
from tests.dispatcharr.stories.invent import BIG, HERE_STEPS, THERE_STEPS, UPHEAVALS, Step
from tests.dispatcharr.stories.ledger import WHOLE, Ledger
from tests.dispatcharr.stories.operator import Operator
from tests.dispatcharr.stories.small_world import Beginning
from tests.dispatcharr.stories.somebody_else import SomebodyElse
from tests.dispatcharr.stories.their_edits import TheirEdits
from tests.dispatcharr.stories.upheavals import Upheavals
from tests.dispatcharr.stories.worker import PULL, SYNC, Worker
from tests.fake_dispatcharr import FakeServer, Kind

FAULTS = (
    Kind.STATUS, Kind.STATUS, Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.RESET_AFTER, Kind.HALF_ANSWER, Kind.TOKEN_EXPIRED,
    Kind.HTML, Kind.SLOW, Kind.THROTTLE, Kind.GARBAGE, Kind.KEY_REVOKED, Kind.REDIRECT, Kind.RESET_AFTER,
)  # fmt: skip
WRITES = (
    r"/channels/channels/$", r"/channels/channels/$", r"/from-stream/bulk/", r"/edit/bulk/", r"/bulk-delete/", r"/bulk-update/",
    r"/groups/", r"/logos/", r"/profiles/", r"/m3u/accounts/", r"/filters/", r"/streams/$", r"/sources/", r"/assign/|-epg/", "",
)  # fmt: skip
METHODS = ("", "POST", "PATCH", "DELETE", "GET")
PARTS: tuple[tuple[str, ...], ...] = (
    ("channel",), (*OURS, "stream"), ("guide_source", "guide_entry"), ("channel", "programme"), ("group", "logo"), ("stream",),
)  # fmt: skip
PECULIAR = ("hidden_from_output", "tvg_id", "stream_profile_id", "channel_number")
HELD_BACK_FROM = 5  # rows of a kind, instead of 20: this world is small


class Story:
    """Carries one history out. Raises ``AssertionError`` where something is not as it has to be."""

    def __init__(self, beginning: Beginning, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        beginning.restore()
        self.fake, self.world = fake, fake.world
        self.answers = random.Random(seed)
        self.operator, self.somebody = Operator(), SomebodyElse(fake.world)
        self.worker = Worker(fake, monkeypatch)
        self.ledger = Ledger()
        self._told_alone: set[tuple[str, int]] = set()
        self.theirs = TheirEdits(self.world)
        self.filters = FiltersMade(self.world)
        self.in_a_run = False
        self.worker.after_delivery = self.look
        self.told: list[Step] = []
        self.stored: list[tuple[str, int]] = []
        clock = _Clockwork(self.world)
        for module in (arrivals, create_channels):
            monkeypatch.setattr(module, "time", clock)
        monkeypatch.setattr(create_channels, "sleep", clock.sleep)
        monkeypatch.setattr(create_channels, "BULK_FROM", 3)
        monkeypatch.setattr(pulling, "HELD_BACK_FROM", HELD_BACK_FROM)
        self.upheavals = Upheavals(self)
        real, stored = Reconciler.store, self.stored

        def store(reconciler: Reconciler, rows: Any) -> None:
            stored.extend((reconciler.kind.name, pk) for pk in rows)
            real(reconciler, rows)

        monkeypatch.setattr(Reconciler, "store", store)

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.told.append(step)
            self._do(step)
        self.told.append(("end",))
        self._settle()
        self._assert_same()

    def close(self) -> None:
        self.worker.client.close()
        self.upheavals.close()

    def came_from_there(self) -> None:
        """What the server has now may come here as new, whoever made it once."""
        self.somebody.made |= set(self.world.tables["channels"])

    def _do(self, step: Step) -> None:
        name, *values = step
        if name in HERE_STEPS:
            self.filters.run()
            self.operator.do(name, values)
            self.filters.edit_here()
            self.ledger.edit()
        elif name in THERE_STEPS:
            self.theirs.begin()
            self.filters.run()
            getattr(self.somebody, name)(*values)
            self.filters.edit_there()
            self.theirs.edit(in_a_run=self.in_a_run)
        elif name in UPHEAVALS:
            getattr(self.upheavals, name)(*values)
            self.filters.went_back()
        else:
            getattr(self, f"_{name}")(*values)

    # Runs

    def _run(self, what: str, **kill: Any) -> None:
        self.told[-1] = (*self.told[-1], "→", self.worker.work(what, **kill))
        self.look()

    def look(self) -> None:
        self.ledger.run()
        self._assert_only_edited_are_told_alone()
        self.theirs.run()
        self.filters.run()

    def _assert_only_edited_are_told_alone(self) -> None:
        """What is lost there with many others waits for their question, unless somebody here has edited it, and be it that they
        took that back since."""
        for entry in OutboxEntry.objects.filter(state=OutboxState.CONFLICT, **{f"conflict__{DELETED}": "there"}):
            row = (entry.kind, entry.local_id)
            edited = any((*row, name) in self.ledger.pending for name in entry.conflict)
            assert edited or row in self._told_alone, f"{row} is told alone: {entry.conflict}"
            self._told_alone.add(row)

    def _faults(self, what: str, kind: int, method: int, after: int, times: int) -> None:
        for step in (1, 7):
            self.fake.faults.order(
                FAULTS[kind * step % len(FAULTS)],
                method=METHODS[method * step % 5],
                after=after * step % 14,
                times=times % 5 + 1,
                status=(500, 502, 503)[times % 3],
                seconds=0.01,
            )
        self._run(what)
        self.fake.faults.clear()

    def _lost_answers(self, what: str, path: int, times: int) -> None:
        """What was asked for is done, and nobody here hears of it."""
        kind = (Kind.RESET_AFTER, Kind.HALF_ANSWER)[times % 2]
        self.fake.faults.order(kind, path=WRITES[path % len(WRITES)], times=times % 3 + 1)
        self._run(what)
        self.fake.faults.clear()

    def _kill_at_write(self, what: str, number: int) -> None:
        self._run(what, writes=number)

    def _kill_at_request(self, what: str, number: int) -> None:
        self._run(what, requests=number)

    def _kill_at_statement(self, what: str, number: int) -> None:
        self._run(what, statements=number)

    def _full_disk(self, what: str) -> None:
        self.fake.faults.full_disk = True
        self._run(what)
        self.fake.faults.full_disk = False

    def _pull_some(self, which: int) -> None:
        """Only some kinds, as after a refresh."""
        self._run(PULL, names=PARTS[which % len(PARTS)])

    def _refresh_from_here(self, which: int) -> None:
        """The operator has the server refresh an account, and what came of it is brought over."""
        numbers = sorted(MirrorLink.objects.filter(kind="account").values_list("remote_id", flat=True))
        if numbers and self.worker.ask_for_refresh(numbers[which % len(numbers)]):
            self.world.finish()
            self._run(PULL, names=PARTS[1])

    def _locked_out(self, what: str, how: int) -> None:
        """The account that ECM uses has lost its rights, or its password was changed; then it is all as before."""
        user, name = self.world.tables["users"][1], self.fake.user
        if how % 3 == 0:
            user["user_level"] = 1
        else:
            self.fake.reinstall()
            self.world.passwords[name] = self.fake.password + "x" * (how % 2)
        self._run(what)
        user["user_level"], self.world.passwords[name] = 10, self.fake.password

    def _peculiar_server(self, which: int, how: int) -> None:
        """From now on: a channel whose changes fail, streams that bulk creation passes over, fields that it does not know."""
        channels, streams = sorted(self.world.tables["channels"]), sorted(self.world.streams.ids())
        if how % 3 == 0 and channels:
            self.world.poison.add(channels[which % len(channels)])
        elif how % 3 == 1:
            self.world.passed_over.update(streams[which % 3 :: 3])
        else:
            self.world.bulk_ignores.add(PECULIAR[which % len(PECULIAR)])

    def _restart(self, what: str, number: int) -> None:
        """The server's process goes down in the middle of a run: what it did in the background is lost."""
        with self._at_requests([(number, ("restart",))]):
            self._run(what)

    def _clock_skew(self, seconds: int) -> None:
        self.world.clock.skew = float(seconds)

    def _meanwhile(self, what: str, edits: Sequence[tuple[int, Step]]) -> None:
        with self._at_requests(edits):
            self._run(what)

    @contextlib.contextmanager
    def _at_requests(self, acts: Sequence[tuple[int, Step]]) -> Iterator[None]:
        waiting = sorted(acts, key=lambda act: act[0], reverse=True)
        count = 0

        def act() -> None:
            nonlocal count
            while waiting and waiting[-1][0] <= count:
                _, step = waiting.pop()
                if step == ("restart",):
                    self.fake.restart()
                    continue
                self.ledger.run()  # what the run has done so far is not the operator's doing
                self._do(step)
            count += 1

        self.worker.before_request = act
        self.in_a_run = True
        yield
        self.in_a_run = False
        self.worker.before_request = lambda: None

    # Answers

    def _answer(self, which: int, how: int) -> None:
        entries = list(OutboxEntry.objects.exclude(state=OutboxState.WAITING).order_by("pk"))
        if entries:
            self._answer_entry(entries[which % len(entries)], how)
        self._answer_held_back(how)

    def _answer_entry(self, entry: OutboxEntry, how: int) -> None:
        key = (entry.kind, entry.local_id)
        if entry.state == OutboxState.CONFLICT and how % 7 < 5:
            deleted = DELETED in entry.conflict
            fields = [DELETED] if deleted else sorted(entry.conflict)
            answers = {name: MINE if (how + place) % 2 else THEIRS for place, name in enumerate(fields)}
            given = {name for name, said in answers.items() if said == THEIRS}
            if given:
                self.ledger.answer(entry, {WHOLE} if deleted else given)
            if entry.kind == "channel" and not deleted:
                self.theirs.overruled(entry.local_id, set(fields) - given)
            if deleted and given and entry.conflict[DELETED] == HERE:
                self.ledger.may_come_back(*key)
            answer_conflict(entry.pk, answers)
        elif entry.state == OutboxState.PARKED and how % 3 == 0:
            retry([entry.pk])
        else:
            self.ledger.answer(entry, {WHOLE})
            self.ledger.may_come_back(*key)
            (drop if how % 2 else take_theirs)([entry.pk])
        self.told[-1] = (
            *self.told[-1],
            f"{entry.kind} {entry.local_id} {entry.state}: {entry.reason or sorted(entry.conflict)}",
        )
        self.ledger.run()

    def _answer_held_back(self, how: int) -> None:
        """Some of the questions about what is lost there, in any order; each as a whole."""
        rng = random.Random(how)
        rows = list(MirrorPull.objects.exclude(held_back={}).order_by("kind"))
        rng.shuffle(rows)
        for row in rows[: rng.randint(1, max(len(rows), 1))]:
            accept = rng.random() < 0.5
            answer_held_back(row.kind, accept)
            self.told[-1] = (*self.told[-1], f"{row.kind}: {'deleted here, too' if accept else 'kept'}")
        for account in Account.objects.exclude(held_back={}):
            Account.objects.filter(pk=account.pk).update(held_back={**account.held_back, "accepted": True})

    # The end

    def _settle(self) -> None:
        """The server is well; questions are answered; syncs follow until nothing is left to do."""
        self.fake.faults.clear()
        self.world.clock.skew = 0.0
        self.world.poison.clear()
        self.world.passed_over.clear()
        for round_ in range(14):
            self.world.finish()
            self.world.clock.advance(700.0)  # creations that the server took and lost count as lost
            assert self.worker.work(SYNC) == "done", (MirrorState.objects.get().trouble, self.told)
            self.look()
            waits_for_streams = self._first_refreshes()
            if not self._open() and not waits_for_streams:
                break
            for entry in OutboxEntry.objects.exclude(state=OutboxState.WAITING).order_by("pk"):
                if OutboxEntry.objects.filter(pk=entry.pk).exclude(state=OutboxState.WAITING).exists():
                    self._answer_entry(entry, 7 if round_ > 8 else self.answers.randrange(BIG))
            if round_ > 8:
                for entry in OutboxEntry.objects.filter(state=OutboxState.WAITING):
                    self._answer_entry(entry, 7)
            self._answer_held_back(self.answers.randrange(BIG))
        assert not self._open(), self._open()
        assert self.worker.work(PULL) == "done"
        self.look()
        assert not self._open(), self._open()

    def _first_refreshes(self) -> bool:
        """An account that was lost there and is made again has no streams there until it is refreshed, which ECM asks for.
        Returns whether that was done."""
        accounts = self.world.tables["accounts"]
        links = MirrorLink.objects.filter(kind="account", local_id__in=Stream.objects.values("account_id"))
        new = [
            number
            for number in links.values_list("remote_id", flat=True)
            if number in accounts and accounts[number]["updated_at"] is None and accounts[number]["is_active"]
        ]
        asked = [self.worker.ask_for_refresh(number) for number in new]
        return any(asked)

    def _open(self) -> list[Any]:
        entries = list(OutboxEntry.objects.values_list("kind", "local_id", "state", "reason", "conflict", "wishes"))
        held = list(MirrorPull.objects.exclude(held_back={}).values_list("kind", "held_back"))
        held += list(Account.objects.filter(deleting_since=None).exclude(held_back={}).values_list("name", "held_back"))
        attempts = list(CreationAttempt.objects.values_list("kind", "details"))
        return [*entries, *held, *attempts]

    def _assert_same(self) -> None:
        links, client = StoredLinks(), self.worker.client
        for kind in all_kinds():
            here = {pk: comparable(kind, values) for pk, values in kind.local().items()}
            there = {pk: comparable(kind, values) for pk, values, _ in kind.read(client, links)}
            stored = {link.remote_id: link for link in MirrorLink.objects.filter(kind=kind.name)}
            assert stored.keys() == there.keys(), (
                f"{kind.name}: linked {sorted(stored)}, there are {sorted(there)} on the server"
            )
            assert {link.local_id for link in stored.values()} == here.keys(), f"{kind.name}: here are {sorted(here)}, {stored}"
            for pk, values in there.items():
                assert here[stored[pk].local_id] == values, f"{kind.name} {stored[pk].local_id} differs from {pk} there"
                agreed = {name: value for name, value in stored[pk].agreed.items() if name != IDENTITY}
                assert agreed == values, f"{kind.name} {stored[pk].local_id}: not what is agreed on"
        self._assert_streams_same()
        self.filters.assert_none_twice()
        assert not MirrorState.objects.get().quiet
        channels = self.world.tables["channels"]
        assert len(channels) == Channel.objects.count()
        doubles = {pk for kind, pk in self.stored if kind == "channel"} - self.somebody.made
        assert not doubles, f"channels {doubles} of the server came from here and were taken for new ones"
        marks = Counter(row["tvc_guide_stationid"] for row in channels.values() if row["tvc_guide_stationid"])
        assert not [mark for mark, count in marks.items() if count > 1], f"made twice: {marks}"
        here_marks = Counter(Channel.objects.exclude(gracenote_id="").values_list("gracenote_id", flat=True))
        assert marks == here_marks

    def _assert_streams_same(self) -> None:
        off = {number for number, row in self.world.tables["accounts"].items() if not row["is_active"] or row["locked"]}
        there = {}
        for number in list(self.world.streams.ids()):
            row = self.world.streams.get(number)
            if row is not None and row["m3u_account"] not in off:
                there[number] = (row["name"], row["url"], row["is_stale"])
        rows = Stream.objects.filter(is_custom=False, account__is_active=True)
        found = rows.values_list("provider_stream_id", "name", "url", "is_stale")
        here = {int(number): (name, url, stale) for number, name, url, stale in found}
        assert here == there, (
            f"streams: here {sorted(here.items() - there.items())}, there {sorted(there.items() - here.items())}"
        )
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_key_check")
            assert cursor.fetchall() == []


class _Clockwork:
    """Stands in for the module ``time``: the world's clock, which waits move."""

    def __init__(self, world: Any) -> None:
        self.time = self.monotonic = world.clock.now
        self._world = world

    def sleep(self, seconds: float) -> None:
        self._world.clock.advance(seconds)
