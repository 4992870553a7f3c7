"""The dialogs about names, with htmx and as plain forms (10 §11.1, §11.2, §15)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel, ChannelProfile, ProfileMembership
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from channels_app.views.paged_choices import ROWS, page_of, read_choices
from ecm_site.conf import save_settings
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db
NORMALIZE, DUPLICATES, MERGE = (f"/channels/names/{name}/" for name in ("normalize", "duplicates", "merge"))


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("alice"))
    return client


def joined(*channels: Channel) -> str:
    return ",".join(str(channel.pk) for channel in channels)


def confirm(client: Client, path: str, **values: Any) -> Any:
    """Open the dialog, then press its button."""
    opened = {name: value for name, value in values.items() if name in ("channel", "all", "confirmed_count", "match", "scope")}
    mark = client.get(path, opened).context["mark"]
    return client.post(path, {"mark": mark, "confirmed": "1", **values}, headers={"HX-Request": "true"})


# --- normalizing ----------------------------------------------------------------------------------------------------------


def test_ticked_rows_get_the_names_that_stand_in_their_fields(client: Client) -> None:
    first, second, third, fine = (make_channel(name) for name in ("A HD", "B HD", "C HD", "D"))
    ids = joined(first, second, third, fine)
    page = client.get(NORMALIZE, {"channel": ids}).content.decode()
    assert page.count('name="tick"') == 3
    assert "D" not in [row["item"].current for row in client.get(NORMALIZE, {"channel": ids}).context["rows"]]
    answer = confirm(
        client,
        NORMALIZE,
        channel=ids,
        shown=joined(first, second, third),
        tick=[first.pk, third.pk],
        **{f"value-{third.pk}": "Cinema"},
    )
    assert answer.status_code == 204
    assert "lineup:changed" in json.loads(answer["HX-Trigger"])
    assert list(Channel.objects.order_by("pk").values_list("name", flat=True)) == ["A", "B HD", "Cinema", "D"]


def test_a_name_put_back_changes_nothing(client: Client) -> None:
    channel = make_channel("A HD")
    answer = confirm(
        client, NORMALIZE, channel=str(channel.pk), shown=channel.pk, tick=channel.pk, **{f"value-{channel.pk}": "A HD"}
    )
    assert answer.status_code == 204
    assert not JournalEntry.objects.exists()


def test_an_empty_name_is_refused_beside_its_field(client: Client) -> None:
    first, second = make_channel("A HD"), make_channel("B HD")
    ids = joined(first, second)
    answer = confirm(client, NORMALIZE, channel=ids, shown=ids, tick=[first.pk, second.pk], **{f"value-{second.pk}": "  "})
    assert answer.status_code == 422
    assert f'id="problem-{second.pk}"' in answer.content.decode()
    assert not JournalEntry.objects.exists()


def test_nothing_to_do_is_said(client: Client) -> None:
    assert (
        "as they should be" in client.get(NORMALIZE, {"channel": joined(make_channel("A"), make_channel("B"))}).content.decode()
    )


def test_names_that_changed_meanwhile_are_shown_again(client: Client) -> None:
    channel = make_channel("A HD")
    mark = client.get(NORMALIZE, {"channel": channel.pk}).context["mark"]
    save_settings(normalize_quality=False)
    Channel.objects.filter(pk=channel.pk).update(name="A RAW")
    answer = client.post(NORMALIZE, {"channel": channel.pk, "mark": mark, "confirmed": "1"})
    assert answer.status_code == 422
    assert Channel.objects.get().name == "A RAW"


def test_all_that_match_are_normalized_if_they_are_still_that_many(client: Client) -> None:
    for name in ("A HD", "B HD", "C"):
        make_channel(name)
    answer = confirm(client, NORMALIZE, all="1", confirmed_count="3")
    assert answer.status_code == 204
    assert list(Channel.objects.order_by("pk").values_list("name", flat=True)) == ["A", "B", "C"]
    make_channel("E HD")
    refused = client.get(NORMALIZE, {"all": "1", "confirmed_count": "3"}, headers={"HX-Request": "true"})
    assert "Look again" in refused["HX-Trigger"]


def test_ticks_and_names_of_other_pages_count(client: Client) -> None:
    Channel.objects.bulk_create(Channel(name=f"C{number:03} HD") for number in range(ROWS + 20))
    ids = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
    every = ",".join(map(str, ids))
    first = client.get(NORMALIZE, {"channel": every})
    shown = ids[:ROWS]
    ticked = [pk for pk in shown if pk not in ids[:2]]
    second = client.post(
        NORMALIZE,
        {"channel": every, "shown": ",".join(map(str, shown)), "tick": ticked, f"value-{ids[3]}": "Mine", "page": "2"},
        headers={"HX-Request": "true"},
    )
    hidden = dict(second.context["hidden"])
    assert second.context["page"].first == ROWS + 1
    assert hidden["off"] == f"{ids[0]},{ids[1]}"
    assert hidden[f"value-{ids[3]}"] == "Mine"
    answer = client.post(
        NORMALIZE,
        {"channel": every, "mark": first.context["mark"], "confirmed": "1", **hidden, "tick": ids[ROWS:]},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 204
    names = dict(Channel.objects.values_list("pk", "name"))
    assert [names[pk] for pk in ids[:4]] == ["C000 HD", "C001 HD", "C002", "Mine"]
    assert names[ids[-1]] == f"C{ROWS + 19:03}"


def test_rows_show_a_wand_where_the_name_would_change(client: Client) -> None:
    group = make_group("G")
    better, fine = make_channel('A "<b>" HD', group=group), make_channel("B", group=group)
    page = client.get(f"/channels/groups/{group.pk}/rows/").content.decode()
    assert page.count("cm-wand") == 1
    assert f"names/normalize/?channel={better.pk}" in page
    assert f"names/normalize/?channel={fine.pk}" not in page
    assert "<b>" not in page
    save_settings(normalize_quality=False)
    assert "cm-wand" not in client.get(f"/channels/groups/{group.pk}/rows/").content.decode()


# --- duplicates -----------------------------------------------------------------------------------------------------------


def test_a_target_that_no_id_can_be_is_no_error(client: Client) -> None:
    chosen = f"{make_channel('RTL').pk},{make_channel('RTL HD').pk}"
    answer = client.post("/channels/names/merge/", {"channel": chosen, "into": "9" * 5000, "confirmed": "1"})
    assert answer.status_code in (200, 422)


def test_groups_are_merged_as_ticked_into_what_is_kept(client: Client) -> None:
    one, two, three = make_streams(["1", "2", "3"])
    keep, other = make_channel("RTL", "1", streams=[one, two]), make_channel("RTL HD", "2", streams=[three])
    swap_from, swap_to = make_channel("CNN", "3", streams=[one]), make_channel("CNN HD", "4")
    untouched = [make_channel("ABC"), make_channel("ABC HD")]
    opened = client.get(DUPLICATES)
    assert [shown["keep"] for shown in opened.context["groups"]] == [untouched[0].pk, swap_from.pk, keep.pk]
    assert "Merge <span data-names-chosen>3</span>" in opened.content.decode()
    keys = [shown["group"].group_key for shown in opened.context["groups"]]
    answer = confirm(
        client,
        DUPLICATES,
        shown=",".join(map(str, keys)),
        tick=keys[1:],
        **{f"value-{keys[1]}": swap_to.pk, f"value-{keys[2]}": 999},
    )
    assert answer.status_code == 204
    left = set(Channel.objects.values_list("pk", flat=True))
    assert left == {keep.pk, swap_to.pk, *(channel.pk for channel in untouched)}
    assert stream_ids_of(keep.pk) == [one.pk, two.pk, three.pk]
    assert stream_ids_of(swap_to.pk) == [one.pk]
    assert not Channel.objects.filter(pk=other.pk).exists()


def test_the_selection_or_a_group_can_be_searched_alone(client: Client) -> None:
    group = make_group("Sports")
    inside = [make_channel(name, group=group) for name in ("RTL", "RTL HD")]
    outside = [make_channel("CNN"), make_channel("CNN HD", tvg_id="x")]
    selected = client.get(DUPLICATES, {"channel": joined(inside[0], *outside)})
    assert [shown["size"] for shown in selected.context["groups"]] == [2]
    assert "The 3 selected" in selected.content.decode()
    in_group = client.get(DUPLICATES, {"scope": "group", "in_group": group.pk})
    assert [shown["keep"] for shown in in_group.context["groups"]] == [inside[0].pk]
    assert client.get(DUPLICATES, {"match": "tvg_id"}).context["groups"] == []
    assert "No duplicates" in client.get(DUPLICATES, {"match": "gracenote"}).content.decode()


def test_duplicates_that_changed_meanwhile_are_not_merged(client: Client) -> None:
    make_channel("RTL")
    source = make_channel("RTL HD")
    mark = client.get(DUPLICATES).context["mark"]
    Channel.objects.filter(pk=source.pk).update(name="RTL SD")
    assert client.post(DUPLICATES, {"mark": mark, "confirmed": "1"}).status_code == 422
    assert Channel.objects.count() == 2


def test_with_nothing_ticked_nothing_is_merged(client: Client) -> None:
    first, _ = make_channel("RTL"), make_channel("RTL HD")
    answer = confirm(client, DUPLICATES, shown=first.pk)
    assert answer.status_code == 422
    assert Channel.objects.count() == 2


# --- merging --------------------------------------------------------------------------------------------------------------


def merge_form(client: Client, ids: str) -> dict[str, Any]:
    form = client.get(MERGE, {"channel": ids}).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_the_dialog_proposes_and_merges_into_a_new_channel(client: Client) -> None:
    one, two = make_streams(["One", "Two"])
    group = make_group("News")
    first = make_channel("CNN HD", "4.5", group=group, streams=[one], tvg_id="a")
    second = make_channel("CNN", "20", group=group, streams=[one, two], tvg_id="b", logo_url="http://logos.example/c.png")
    profile = ChannelProfile.objects.create(name="Kids")
    ProfileMembership.objects.create(profile=profile, channel=second)
    ids = joined(second, first)  # the first is that of the pane, by number
    page = client.get(MERGE, {"channel": ids}).content.decode()
    assert "Enabled in: Kids" in page
    assert "2 streams" in page
    values = merge_form(client, ids)
    assert (values["name"], values["number"], values["group"], values["tvg_id"]) == ("CNN HD", "4.5", str(group.pk), "a")
    answer = client.post(MERGE, {"channel": ids, **values, "name": "News", "tvg_id": "b", "confirmed": "1"})
    assert answer.status_code == 302
    made = Channel.objects.get()
    assert (made.name, made.group, made.tvg_id, made.logo_url) == ("News", group, "b", "http://logos.example/c.png")
    assert stream_ids_of(made.pk) == [one.pk, two.pk]


def test_one_of_the_selection_can_be_kept_instead(client: Client) -> None:
    one, two = make_streams(["1", "2"])
    first, second = make_channel("A", streams=[one]), make_channel("B", streams=[two])
    ids = joined(first, second)
    answer = client.post(MERGE, {"channel": ids, **merge_form(client, ids), "into": second.pk, "confirmed": "1"})
    assert answer.status_code == 302
    assert Channel.objects.get().pk == second.pk
    assert stream_ids_of(second.pk) == [two.pk, one.pk]


@pytest.mark.parametrize(("ids", "status", "told"), [("999,998", 422, "999"), ("1", 400, "two channels"), ("", 400, "two")])
def test_what_cannot_be_merged_is_said(client: Client, ids: str, status: int, told: str) -> None:  # 90, 91
    answer = client.get(MERGE, {"channel": ids})
    assert answer.status_code == status
    assert told in answer.content.decode()


@pytest.mark.parametrize(
    ("values", "field"), [({"name": ""}, "name"), ({"number": "x"}, "number"), ({"logo": "javascript:1"}, "logo")]
)
def test_wrong_values_stand_beside_their_fields(client: Client, values: dict[str, str], field: str) -> None:
    ids = joined(make_channel("A"), make_channel("B"))
    answer = client.post(
        MERGE, {"channel": ids, **merge_form(client, ids), **values, "confirmed": "1"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Channel.objects.count() == 2


# --- choices over pages ---------------------------------------------------------------------------------------------------


def test_choices_survive_pages(client: Client) -> None:
    from django.http import QueryDict

    choices = read_choices(QueryDict("shown=1,2,3&tick=1&tick=3&off=9,2&on=3,8&value-2=x&value-y=z&value-=q"))
    assert (sorted(choices.off), sorted(choices.on), choices.values) == ([2, 9], [1, 3, 8], {2: "x"})
    assert [choices.is_on(pk) for pk in (1, 2, 8, 9, 50)] == [True, False, True, False, True]
    assert choices.is_on(50, proposed=False) is False
    assert choices.hidden([2, 3]) == [("shown", "2,3"), ("off", "9"), ("on", "1,8")]
    every = read_choices(QueryDict("shown=1,2&tick=1&off=5&every=off"))
    assert [every.is_on(pk) for pk in (1, 2, 5)] == [False, False, False]
    again = read_choices(QueryDict("default=off&shown=1,2&tick=2"))
    assert [again.is_on(pk) for pk in (1, 2, 3)] == [False, True, False]


@pytest.mark.parametrize(
    ("asked", "first", "rows"), [("", 1, 3), ("2", 4, 3), ("3", 7, 1), ("99", 7, 1), ("0", 1, 3), ("x", 1, 3)]
)
def test_pages(asked: str, first: int, rows: int) -> None:
    from django.http import QueryDict

    page = page_of(list(range(7)), QueryDict(f"page={asked}"), size=3)
    assert (page.first, len(page.rows), page.count, page.total) == (first, rows, 3, 7)
    assert page_of([], QueryDict(""), size=3).last == 0
