"""What a bulk action is about: ticked channels, or all that a filter matches, counted again when it acts."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.pane_filters import ChannelFilter
from channels_app.targets import Target, matching_count, read_target
from channels_app.tests.lineup_fixtures import make_channel, make_channels, make_group, make_streams

pytestmark = pytest.mark.django_db


def names(target: Target) -> str:
    found = dict(Channel.objects.values_list("pk", "name"))
    return " ".join(found[pk] for pk in target.ids())


@pytest.fixture
def lineup() -> dict[str, Channel]:
    make_channel("Loose", "7")
    late, early = make_group("Late"), make_group("Early")
    return make_channels(late, L2="102", L1="101", L0=None) | make_channels(early, E2="2", E1="1")


def test_ticked_channels_come_in_the_order_of_the_pane_and_lost_ones_last(lineup: dict[str, Channel]) -> None:
    ids = [lineup["L0"].pk, 999_999, lineup["L2"].pk, lineup["E2"].pk, lineup["L1"].pk, Channel.objects.get(name="Loose").pk]
    target = read_target(QueryDict(f"channel={','.join(map(str, ids))}"))
    assert target.count == 6
    found = target.ids()
    assert found[-1] == 999_999
    assert names(Target(found[:-1])) == "Loose E2 L1 L2 L0"


def test_all_matching_are_the_channels_of_every_group_in_the_order_of_the_pane(lineup: dict[str, Channel]) -> None:
    target = read_target(QueryDict("all=1&confirmed_count=6"))
    assert (target.is_all, target.count) == (True, 6)
    assert names(target) == "Loose E1 E2 L1 L2 L0"
    assert names(read_target(QueryDict("all=1&q=l&confirmed_count=4&target_sort=name"))) == "Loose L0 L1 L2"


def test_a_filter_that_matches_another_number_by_now_is_refused_with_both_numbers(lineup: dict[str, Channel]) -> None:
    target = read_target(QueryDict("all=1&q=L&confirmed_count=4"))
    assert len(target.ids()) == 4
    make_channel("Late comer")
    with pytest.raises(EditRefused, match=r"You confirmed 4 channels, now it is 5\. Look again\."):
        target.ids()


def test_all_matching_without_a_confirmed_number_is_refused(lineup: dict[str, Channel]) -> None:
    for query in ("all=1", "all=1&confirmed_count=", "all=1&confirmed_count=six"):
        with pytest.raises(EditRefused, match="Say how many"):
            read_target(QueryDict(query)).ids()


def test_a_target_survives_its_form_and_its_filter_does_not_meet_the_form(lineup: dict[str, Channel]) -> None:
    wanted = ChannelFilter(text='a&"b"<i>', groups=(3, 4), missing=("logo",), show_empty=True)
    for target in (
        Target((3, 1, 2)),
        Target(wanted=wanted, confirmed=1204, sort="name"),
        Target(wanted=ChannelFilter(), confirmed=0),
    ):
        query = QueryDict(mutable=True)
        for name, value in target.pairs():
            query.appendlist(name, value)
        query["group"] = "77"  # a field of the form that happens to be called like one of the filter
        assert read_target(query) == target
    fields = render_to_string("channels_app/_target_fields.html", {"target": Target(wanted=wanted, confirmed=1204)})
    assert 'name="confirmed_count" value="1204"' in fields
    assert "<i>" not in fields


def test_the_number_offered_is_the_number_found(client: Client, lineup: dict[str, Channel], admin_client: Client) -> None:
    for query in ("", "q=l", "group=1", "missing=logo&without=1", "q=nothing"):
        count = admin_client.get(f"/channels/matching/?{query}").json()["count"]
        assert count == matching_count(ChannelFilter.read(QueryDict(query)))
        assert len(read_target(QueryDict(f"{query}&all=1&confirmed_count={count}")).ids()) == count


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def test_looking_a_target_up_costs_the_same_however_many_there_are(lineup: dict[str, Channel]) -> None:
    def costs() -> list[int]:
        count = Channel.objects.count()
        every = tuple(Channel.objects.values_list("pk", flat=True))
        return [
            queries_of(read_target(QueryDict(f"all=1&confirmed_count={count}&sort=fewest_streams")).ids),
            queries_of(Target(every).ids),
        ]

    before = costs()
    group = make_group("Big")
    Channel.objects.bulk_create(Channel(name=f"C{number}", group=group, number=number) for number in range(1200))
    assert costs() == before


def test_dialogs_for_all_matching_act_on_them_and_stop_when_the_number_differs(admin_client: Client) -> None:
    group, other = make_group("News"), make_group("Sports")
    make_channels(group, A="1", B="2", C="3")
    make_channel("Z", "9", group=other, streams=make_streams(["z"]))
    target = {"all": "1", "matching": f"group={group.pk}", "confirmed_count": "3"}
    for url in ("/channels/move/", "/channels/renumber/", "/channels/delete/"):
        page = admin_client.get(url, {**target, "start": "50"} if "renumber" in url else target, headers={"hx-request": "true"})
        assert "3 channels" in page.content.decode()
        assert 'name="confirmed_count" value="3"' in page.content.decode()
    admin_client.post(
        "/channels/move/",
        {**target, "group": str(other.pk), "numbers": "keep", "confirmed": "1"},
        headers={"hx-request": "true"},
    )
    assert Channel.objects.filter(group=other).count() == 4
    answer = admin_client.post("/channels/delete/", {**target, "confirmed": "1"}, headers={"hx-request": "true"})
    assert "You confirmed 3 channels, now it is 0" in answer.headers["HX-Trigger"]
    assert Channel.objects.count() == 4
    target["matching"], target["confirmed_count"] = "", "4"
    admin_client.post("/channels/delete/", {**target, "confirmed": "1"}, headers={"hx-request": "true"})
    assert Channel.objects.count() == 0
