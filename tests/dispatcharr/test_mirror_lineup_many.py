"""Many changed channels: one reading of the list, page by page, and what somebody else edits meanwhile is still seen."""

from collections.abc import Iterator

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat

from channels_app.mirror import channels as kind_module
from channels_app.mirror import read_there
from channels_app.mirror.channel_targets import Edit
from channels_app.mirror.deliver_channels import deliver_edits
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, StreamProfile
from ecm_site.dispatcharr.resources import channels as resource
from tasks_app.mirror import deliver as engine
from tasks_app.mirror.kinds import Outcome
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState
from tests.dispatcharr.lineup_house import House

pytestmark = pytest.mark.django_db

CHANNELS = 35
PAGE = 10


@pytest.fixture
def many(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A lineup of four pages."""
    for module in (read_there, kind_module, resource):
        monkeypatch.setattr(module, "PAGE", PAGE)
    monkeypatch.setattr(engine, "SIZE", PAGE)
    for number in range(4, CHANNELS + 1):
        house.world.add_channel(f"C{number:02}", channel_number=float(number))
    house.pull()
    house.fake.calls.clear()
    return house


def lists(house: House) -> list[str]:
    """How the list of channels was asked for."""
    return [call.query for call in house.fake.calls if call.method == "GET" and call.path == "/api/channels/channels/"]


def test_all_of_them_cost_one_reading(many: House) -> None:
    Channel.objects.update(tvg_id="x")
    assert many.deliver().updated == CHANNELS
    assert len(lists(many)) == 4
    assert all("ordering=name" in query and f"page_size={PAGE}" in query for query in lists(many))
    assert {row["tvg_id"] for row in many.world.tables["channels"].values()} == {"x"}
    assert many.waiting() == {}


def test_new_names_do_not_move_them_from_page_to_page(many: House) -> None:
    Channel.objects.update(name=Concat(Value("Z "), F("name")))
    assert many.deliver().updated == CHANNELS
    assert len(lists(many)) == 4
    assert all("ordering=channel_number" in query for query in lists(many))
    assert many.waiting() == {}


def test_rows_that_are_on_no_page_are_read_all_the_same(many: House) -> None:
    """Equal names stand in another order on every page."""
    for number in many.world.tables["channels"]:
        many.world.change("channels", number, name="Same")
    many.pull()
    Channel.objects.update(tvg_id="x")
    assert many.deliver().updated == CHANNELS
    assert many.waiting() == {}


def test_deleting_many_shortens_the_list_under_its_reader(many: House) -> None:
    Channel.objects.all().delete()
    assert many.deliver().deleted == CHANNELS
    assert not many.world.tables["channels"]
    assert many.waiting() == {}


def test_what_somebody_edits_while_the_first_are_sent_is_a_conflict_and_not_lost(
    many: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def busy(client: object, links: object, edits: list[Edit], **options: object) -> Iterator[Outcome]:
        if not sent:
            last = max(many.world.tables["channels"], key=lambda pk: many.world.tables["channels"][pk]["name"])
            many.world.change("channels", last, tvg_id="theirs")
        sent.append(len(edits))
        yield from deliver_edits(client, links, edits, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(kind_module, "deliver_edits", busy)
    Channel.objects.update(tvg_id="mine")
    report = many.deliver()
    assert (report.updated, report.conflicts) == (CHANNELS - 1, 1)
    assert OutboxEntry.objects.get().state == OutboxState.CONFLICT
    assert len(sent) == 4


@pytest.mark.parametrize("model", [ChannelGroup, ChannelProfile])
def test_groups_and_profiles_exchange_their_names(house: House, model: type[ChannelGroup] | type[ChannelProfile]) -> None:
    house.pull()
    for name in ("News", "Kids", "Sport"):
        model.objects.create(name=name)
    house.deliver()
    ids = dict(model.objects.filter(name__in=("News", "Kids", "Sport")).values_list("name", "pk"))
    for pk in ids.values():
        model.objects.filter(pk=pk).update(name=f"~{pk}")
    for old, new in (("News", "Kids"), ("Kids", "Sport"), ("Sport", "News")):
        model.objects.filter(pk=ids[old]).update(name=new)
    report = house.deliver()
    assert (report.updated, report.parked, house.waiting()) == (3, 0, {})
    kind = "group" if model is ChannelGroup else "channel_profile"
    table = house.world.tables["groups" if model is ChannelGroup else "channel_profiles"]
    there = dict(MirrorLink.objects.filter(kind=kind).values_list("local_id", "remote_id"))
    assert table[there[ids["News"]]]["name"] == "Kids"
    assert table[there[ids["Kids"]]]["name"] == "Sport"
    assert table[there[ids["Sport"]]]["name"] == "News"
    assert house.pull().changed == 0


def test_logos_exchange_their_addresses(house: House) -> None:
    one = Logo.objects.create(name="One", url="http://logos.test/1.png")
    two = Logo.objects.create(name="Two", url="http://logos.test/2.png")
    house.deliver()
    Logo.objects.filter(pk=one.pk).update(url="~")
    Logo.objects.filter(pk=two.pk).update(url="http://logos.test/1.png")
    Logo.objects.filter(pk=one.pk).update(url="http://logos.test/2.png")
    report = house.deliver()
    assert (report.updated, report.parked, house.waiting()) == (2, 0, {})
    assert {row["name"]: row["url"] for row in house.world.tables["logos"].values() if row["name"] in ("One", "Two")} == {
        "One": "http://logos.test/2.png",
        "Two": "http://logos.test/1.png",
    }


@pytest.mark.parametrize("model", [ChannelGroup, ChannelProfile, StreamProfile])
def test_names_that_were_exchanged_on_the_server_are_exchanged_here(
    house: House, model: type[ChannelGroup] | type[ChannelProfile] | type[StreamProfile]
) -> None:
    names = ("News", "Kids", "Sport")
    house.pull()
    for name in names:
        model.objects.create(name=name)
    house.deliver()
    table = {ChannelGroup: "groups", ChannelProfile: "channel_profiles", StreamProfile: "stream_profiles"}[model]
    rows = {row["name"]: pk for pk, row in house.world.tables[table].items() if row["name"] in names}
    here = dict(model.objects.filter(name__in=names).values_list("name", "pk"))
    for old, new in zip(names, (*names[1:], names[0]), strict=True):
        house.world.change(table, rows[old], name=new)
    house.pull()
    assert dict(model.objects.filter(pk__in=here.values()).values_list("pk", "name")) == {
        here["News"]: "Kids",
        here["Kids"]: "Sport",
        here["Sport"]: "News",
    }
    assert house.pull().changed == 0
