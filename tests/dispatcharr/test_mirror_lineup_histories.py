"""Whatever happens in whatever order – edits here and there, faults, killed workers –, in the end both sides are the same."""

import random
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from channels_app.mirror import arrivals, create_channels
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, Logo, ProfileMembership, StreamProfile
from ecm_site.dispatcharr.transport import Transport
from tasks_app.mirror.answers import DELETED, MINE, THEIRS, answer_conflict, take_theirs
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.pull import PullFailed
from tasks_app.mirror.trouble import Trouble
from tasks_app.models import CreationAttempt, MirrorLink, OutboxEntry, OutboxState
from tests.dispatcharr.lineup_house import House, make_channel
from tests.fake_dispatcharr import Kind

pytestmark = pytest.mark.django_db

FAULTS = (Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.STATUS, Kind.HALF_ANSWER, Kind.TOKEN_EXPIRED, Kind.HTML)
STEPS = 14


class Killed(BaseException):
    """The worker is gone: nobody catches it."""


class Story:
    """One history, decided by its seed."""

    def __init__(self, house: House, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.rng, self.monkeypatch = house, random.Random(seed), monkeypatch
        self.made = 0
        self.told: list[str] = []

    def run(self) -> None:
        moves: list[Callable[[], None]] = [
            self.edit_here,
            self.edit_here,
            self.create_here,
            self.create_many_here,
            self.delete_here,
            self.parts_here,
            self.edit_there,
            self.create_there,
            self.delete_there,
            self.parts_there,
            self.work,
            self.work,
            self.work_badly,
            self.work_badly,
            self.work_until_killed,
            self.work_until_killed,
        ]
        self.house.pull()
        for _ in range(STEPS):
            move = self.rng.choice(moves)
            self.told.append(move.__name__)
            move()
        self.end()

    # Here

    def some_channel(self) -> Channel | None:
        rows = list(Channel.objects.order_by("pk"))
        return self.rng.choice(rows) if rows else None

    def some_streams(self) -> list[int]:
        return self.rng.sample(sorted(self.house.streams.values()), self.rng.randrange(0, 4))

    def edit_here(self) -> None:
        channel = self.some_channel()
        if channel is None:
            return
        groups = [None, *ChannelGroup.objects.values_list("pk", flat=True)]
        choice: dict[str, object] = {
            "name": f"Here {self.rng.randrange(99)}",
            "number": self.rng.choice([None, Decimal(self.rng.randrange(1, 500)), Decimal("4.1")]),
            "tvg_id": self.rng.choice(["", "a", "b"]),
            "group_id": self.rng.choice(groups),
            "logo_url": self.rng.choice(["", "http://logos.test/a.png", "http://logos.test/b.png"]),
            "guide_entry_id": self.rng.choice([None, *self.house.entries.values()]),
            "stream_profile_id": self.rng.choice([None, *StreamProfile.objects.values_list("pk", flat=True)]),
            "is_hidden": self.rng.random() < 0.5,
        }
        names = self.rng.sample(sorted(choice), 2)
        Channel.objects.filter(pk=channel.pk).update(**{name: choice[name] for name in names})
        if self.rng.random() < 0.5:
            ChannelStream.objects.filter(channel=channel).delete()
            ChannelStream.objects.bulk_create(
                ChannelStream(channel=channel, stream_id=pk, position=place) for place, pk in enumerate(self.some_streams(), 1)
            )
        for profile in ChannelProfile.objects.all():
            if self.rng.random() < 0.3:
                ProfileMembership.objects.get_or_create(profile=profile, channel=channel)
            elif self.rng.random() < 0.3:
                ProfileMembership.objects.filter(profile=profile, channel=channel).delete()

    def create_here(self) -> None:
        self.made += 1
        profiles = [profile for profile in ChannelProfile.objects.all() if self.rng.random() < 0.5]
        make_channel(f"Made {self.made}", *self.some_streams(), profiles=profiles, tvg_id=self.rng.choice(["", "x"]))

    def create_many_here(self) -> None:
        """More than are created one by one in this test."""
        for stream_id in self.rng.sample(sorted(self.house.streams.values()), 4):
            self.made += 1
            make_channel(f"Made {self.made}", stream_id, number=self.rng.choice([None, Decimal(self.made)]))

    def delete_here(self) -> None:
        channel = self.some_channel()
        if channel is not None:
            channel.delete()

    def parts_here(self) -> None:
        name = f"P{self.rng.randrange(6)}"
        model = self.rng.choice([ChannelGroup, ChannelProfile, StreamProfile])
        free = not model.objects.filter(name__iexact=name).exists()
        rows = model.objects.exclude(locked=True) if model is StreamProfile else model.objects.all()
        listed = list(rows.order_by("pk"))
        some = self.rng.choice(listed) if listed else None
        if some is not None and self.rng.random() < 0.3:
            some.delete()
        elif some is not None and free and self.rng.random() < 0.4:
            model.objects.filter(pk=some.pk).update(name=name)
        elif free:
            model.objects.create(name=name)
        if self.rng.random() < 0.3:
            Logo.objects.get_or_create(url=f"http://logos.test/{name}.png", defaults={"name": name})

    # There

    def edit_there(self) -> None:
        world = self.house.world
        rows = world.tables["channels"]
        if not rows:
            return
        number = self.rng.choice(sorted(rows))
        choice: dict[str, object] = {
            "name": f"There {self.rng.randrange(99)}",
            "channel_number": self.rng.choice([None, 7.0, 8.5]),
            "tvg_id": self.rng.choice([None, "", "c"]),
            "channel_group_id": self.rng.choice(sorted(world.tables["groups"])),
            "streams": self.rng.sample(range(1, 41), self.rng.randrange(0, 4)),
            "hidden_from_output": self.rng.random() < 0.5,
        }
        names = self.rng.sample(sorted(choice), 2)
        world.change("channels", number, **{name: choice[name] for name in names})
        for members in world.memberships.values():
            if self.rng.random() < 0.4:
                members[number] = self.rng.random() < 0.5

    def create_there(self) -> None:
        self.made += 1
        self.house.world.add_channel(f"Theirs {self.made}", streams=self.rng.sample(range(1, 41), 1))

    def delete_there(self) -> None:
        rows = self.house.world.tables["channels"]
        if rows:
            self.house.world.remove("channels", self.rng.choice(sorted(rows)))

    def parts_there(self) -> None:
        world, name = self.house.world, f"{self.rng.choice('pPQ')}{self.rng.randrange(6)}"
        table = self.rng.choice(["groups", "channel_profiles"])
        if name not in {row["name"] for row in world.tables[table].values()}:
            number = world.insert(table, {"id": 0, "name": name})["id"]
            if table == "channel_profiles":
                world.memberships[number] = dict.fromkeys(world.tables["channels"], True)

    # Between

    def work(self) -> None:
        (self.house.deliver if self.rng.random() < 0.6 else self.pull)()

    def pull(self) -> None:
        try:
            self.house.pull()
        except (Trouble, PullFailed):
            self.told[-1] += " (in vain)"

    def work_badly(self) -> None:
        for _ in range(self.rng.randrange(1, 4)):
            self.house.fake.faults.order(
                self.rng.choice(FAULTS),
                method=self.rng.choice(["", "POST", "PATCH"]),
                after=self.rng.randrange(0, 8),
                status=self.rng.choice([500, 502, 503]),
                times=self.rng.randrange(1, 3),
            )
        self.work()
        self.house.fake.faults.clear()

    def work_until_killed(self) -> None:
        left = self.rng.randrange(1, 10)
        real = Transport.send
        before = self.rng.random() < 0.5

        def send(transport: Transport, *args: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left == 0 and before:
                raise Killed
            answer = real(transport, *args, **options)  # type: ignore[arg-type]
            if left == 0:
                raise Killed
            return answer

        self.monkeypatch.setattr(Transport, "send", send)
        try:
            self.work()
        except Killed:
            self.told[-1] += " (killed)"
        finally:
            self.monkeypatch.setattr(Transport, "send", real)

    def end(self) -> None:
        """The server is well again, somebody answers every question, and both sides have the same."""
        house = self.house
        house.world.finish()
        self.monkeypatch.setattr(arrivals, "GRACE_UNCLEAR", 0.0)
        self.monkeypatch.setattr(arrivals, "GRACE_ACCEPTED", 0.0)
        for _ in range(6):
            house.client.session.breaker.answered()
            house.deliver()
            house.pull()
            self.answer_questions()
            if not OutboxEntry.objects.exists() and not CreationAttempt.objects.exists():
                break
        house.pull()
        assert not CreationAttempt.objects.exists(), self.told
        assert house.waiting() == {}, self.told
        links = StoredLinks()
        for kind in all_kinds():
            here = kind.local()
            there = {remote_id: values for remote_id, values, _ in kind.read(house.client, links)}
            pairs = dict(MirrorLink.objects.filter(kind=kind.name).values_list("remote_id", "local_id"))
            assert pairs.keys() == there.keys(), (kind.name, self.told)
            assert set(pairs.values()) == here.keys(), (kind.name, self.told)
            for remote_id, values in there.items():
                assert here[pairs[remote_id]] == values, (kind.name, self.told)
        assert len(house.world.tables["channels"]) == Channel.objects.count()
        names = [name for name in house.names_there() if name.startswith(("Made", "Theirs"))]
        assert len(names) == len(set(names)), (names, self.told)

    def answer_questions(self) -> None:
        """Conflicts are answered one way or the other, field by field; what the server refuses is given up."""
        for entry in OutboxEntry.objects.filter(state=OutboxState.CONFLICT):
            self.told.append(f"{entry.kind} in conflict: {sorted(entry.conflict)}")
            fields = [DELETED] if DELETED in entry.conflict else sorted(entry.conflict)
            answer_conflict(entry.pk, {name: self.rng.choice([MINE, THEIRS]) for name in fields})
        parked = OutboxEntry.objects.filter(state=OutboxState.PARKED)
        self.told += [f"{entry.kind} refused: {entry.reason}" for entry in parked]
        take_theirs(list(parked.values_list("pk", flat=True)))


@pytest.mark.parametrize("seed", range(12))
def test_both_sides_end_up_the_same(house: House, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    house.world.refresh_seconds = 0.1
    monkeypatch.setattr(create_channels, "sleep", lambda seconds: time.sleep(min(seconds, 0.05)))
    monkeypatch.setattr(create_channels, "BULK_FROM", 3)
    monkeypatch.setattr(create_channels, "_PATIENCE", 0.5)
    monkeypatch.setattr(arrivals, "GRACE_ONE", 0.0)
    monkeypatch.setattr(arrivals, "GRACE_UNCLEAR", 0.3)
    Story(house, seed, monkeypatch).run()
