"""Applying the rules to all channels: dry run, decisions, limits, journal (10 §11.3; 25.7 #93–95)."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from channels_app.arrange_streams import stream_ids_of
from channels_app.models import Channel
from channels_app.normalizing import one_at_a_time
from channels_app.normalizing.apply_to_channels import ApplyResult, Decision, apply_to_channels
from channels_app.normalizing.one_at_a_time import AnotherRuns, TooManyRuns, one_run
from channels_app.normalizing.plan_apply import Action, plan_apply
from channels_app.tests.lineup_fixtures import lineup_state, make_channel, make_group, make_streams
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch

pytestmark = pytest.mark.django_db
PAGE = "/settings/normalization/apply/"
API = "/api/normalization/apply-to-channels"
RENAME, MERGE, SKIP = Decision(Action.RENAME), Decision(Action.MERGE), Decision(Action.SKIP)


@pytest.fixture(autouse=True)
def fresh_minute(settings: Any) -> None:
    (settings.CONFIG_DIR / "normalization.lock").unlink(missing_ok=True)


def reasons(result: ApplyResult) -> dict[str, str]:
    return {row.name: row.reason for row in result.errors}


# --- dry run --------------------------------------------------------------------------------------------------------------


def test_the_number_in_front_stays() -> None:  # 93
    make_channel("107 | RTL RAW", "107", group=make_group("DE"))
    (row,) = plan_apply().rows
    assert (row.proposed, row.number, row.group, row.suggested, row.default) == (
        "107 | RTL",
        "107",
        "DE",
        Action.RENAME,
        Action.RENAME,
    )
    assert [step.rule_id for step in row.steps] == ["builtin:network_suffix"]


def test_names_that_do_not_change_or_would_be_empty_are_left_out() -> None:
    for name in ("RTL", "US |", "HD"):
        make_channel(name)
    plan = plan_apply()
    assert (plan.rows, plan.channels) == ([], 3)
    assert len(plan.rule_set_hash) == 12


def test_collisions_and_conflicts_are_told() -> None:
    owner = make_channel("rtl")
    for name in ("RTL HD", "CNN HD", "cnn (ENGLISH)", "ABC RAW"):
        make_channel(name)
    rows = {row.current: row for row in plan_apply().rows}
    taken = rows["RTL HD"]
    assert (taken.collision_id, taken.collision_name, taken.suggested, taken.default) == (
        owner.pk,
        "rtl",
        Action.MERGE,
        Action.SKIP,
    )
    assert rows["CNN HD"].conflict == rows["cnn (ENGLISH)"].conflict == 1
    assert rows["CNN HD"].default is None
    assert (rows["ABC RAW"].conflict, rows["ABC RAW"].default) == (0, Action.RENAME)


def test_a_name_that_only_changes_its_spelling_does_not_collide_with_itself() -> None:
    make_channel("ʀTL")
    assert plan_apply().rows[0].collision_id is None


@pytest.mark.parametrize("count", [3, 900])
def test_queries_do_not_grow(count: int, django_assert_max_num_queries: Any) -> None:
    Channel.objects.bulk_create(Channel(name=f"C{number} HD") for number in range(count))
    with django_assert_max_num_queries(2):
        assert len(plan_apply().rows) == count


# --- carrying out ---------------------------------------------------------------------------------------------------------


def test_rows_are_renamed_merged_and_skipped_as_decided() -> None:
    one, two = make_streams(["1", "2"])
    owner = make_channel("RTL", streams=[one])
    source = make_channel("RTL HD", streams=[one, two])
    renamed, skipped, unlisted = make_channel("A HD"), make_channel("B HD"), make_channel("C HD")
    fine = make_channel("D")
    before = lineup_state()
    result = apply_to_channels({source.pk: MERGE, renamed.pk: RENAME, skipped.pk: SKIP, fine.pk: RENAME, 999: RENAME})
    assert (result.renamed, result.merged, result.errors) == ([renamed.pk], [source.pk], [])
    assert {row.channel_id for row in result.skipped} == {skipped.pk, unlisted.pk, fine.pk, 999}
    assert stream_ids_of(owner.pk) == [one.pk, two.pk]
    assert set(Channel.objects.values_list("name", flat=True)) == {"RTL", "A", "B HD", "C HD", "D"}
    summary = JournalEntry.objects.get(action_type="bulk_apply_normalization")
    assert summary.after_value == {
        "renamed": 1,
        "merged": 1,
        "skipped": 4,
        "errors": 0,
        "rule_set_hash": result.rule_set_hash,
    }
    assert undo_batch(result.batch_id).conflict_count == 0
    assert lineup_state() == before


def test_a_rename_to_a_name_that_is_taken_is_an_error_row() -> None:  # 94
    make_channel("RTL")
    source = make_channel("RTL HD")
    before = lineup_state()
    result = apply_to_channels({source.pk: RENAME})
    assert "already" in reasons(result)["RTL HD"]
    assert lineup_state() == before


def test_only_one_row_of_a_conflict_gets_the_name() -> None:
    first, second = make_channel("CNN HD"), make_channel("CNN SD")
    result = apply_to_channels({first.pk: RENAME, second.pk: RENAME})
    assert result.renamed == [first.pk]
    assert "Only one" in reasons(result)["CNN SD"]


def test_merges_need_a_target_that_stays() -> None:
    a, b, c, d = (make_channel(name) for name in ("A HD", "B HD", "C HD", "D HD"))
    result = apply_to_channels(
        {
            a.pk: MERGE,
            b.pk: Decision(Action.MERGE, c.pk),
            c.pk: Decision(Action.MERGE, c.pk),
            d.pk: Decision(Action.MERGE, 999),
        }
    )
    assert set(reasons(result)) == {"A HD", "B HD", "C HD", "D HD"}
    assert Channel.objects.count() == 4


def test_without_listed_rows_all_are_skipped() -> None:  # 95
    make_channel("A HD")
    result = apply_to_channels({})
    assert len(result.skipped) == 1
    assert Channel.objects.get().name == "A HD"


def test_a_second_run_at_the_same_time_is_refused() -> None:  # 95
    with one_run(), pytest.raises(AnotherRuns):
        apply_to_channels({})
    apply_to_channels({})  # the lock goes with its holder


def test_five_runs_a_minute(time_machine: Any) -> None:
    time_machine.move_to("2030-01-01T12:00:00Z", tick=False)
    for _ in range(one_at_a_time.RUNS_A_MINUTE):
        apply_to_channels({})
    with pytest.raises(TooManyRuns) as refused:
        apply_to_channels({})
    assert refused.value.retry_after == 60
    time_machine.move_to("2030-01-01T12:01:01Z", tick=False)
    apply_to_channels({})


def test_a_damaged_file_of_times_stops_nobody(settings: Any) -> None:
    (settings.CONFIG_DIR / "normalization.lock").write_text("{broken")
    apply_to_channels({})


# --- the page -------------------------------------------------------------------------------------------------------------


def review(client: Client, **values: Any) -> Any:
    return client.post(PAGE, {"mark": client.get(PAGE).context["mark"], **values})


def test_only_administrators_may() -> None:
    client = Client()
    client.force_login(User.objects.create_user("bob"))
    assert client.get(PAGE).status_code == 403
    assert client.post(API, "{}", content_type="application/json").status_code == 403
    assert b"Only administrators" in client.get("/settings/normalization/").content


def test_review_confirm_apply(admin_client: Client) -> None:
    make_channel("RTL")
    taken, free = make_channel("RTL HD"), make_channel("CNN HD")
    page = admin_client.get(PAGE).content.decode()
    assert "2 of 3 names would change" in page
    assert "Name taken by" in page
    asked = review(admin_client, ask="1", **{f"value-{taken.pk}": "merge"})
    assert "<b>1</b> renamed" in asked.content.decode()
    assert f'name="value-{taken.pk}" value="merge"' in asked.content.decode()
    assert Channel.objects.count() == 3
    done = review(admin_client, confirmed="1", **{f"value-{taken.pk}": "merge"})
    assert "Renamed 1 channel, merged 1" in done.content.decode()
    assert set(Channel.objects.values_list("name", flat=True)) == {"RTL", "CNN"}
    assert JournalEntry.objects.filter(user_name="admin", action_type="rename", entity_id=free.pk).exists()


def test_conflicts_wait_for_a_winner(admin_client: Client) -> None:
    first, second = make_channel("CNN HD"), make_channel("CNN SD")
    refused = review(admin_client, ask="1")
    assert refused.status_code == 422
    assert "conflict 1" in refused.content.decode()
    both = {f"value-{pk}": "rename" for pk in (first.pk, second.pk)}
    assert review(admin_client, confirmed="1", **both).status_code == 422
    assert review(admin_client, confirmed="1", **{f"value-{second.pk}": "rename"}).status_code == 200
    assert list(Channel.objects.order_by("pk").values_list("name", flat=True)) == ["CNN HD", "CNN"]


def test_skip_all_and_accept_all_that_do_not_collide(admin_client: Client) -> None:
    make_channel("RTL")
    for name in ("RTL HD", "A HD", "B HD"):
        make_channel(name)
    assert review(admin_client, every="off").context["counts"] == {"rename": 0, "merge": 0, "skip": 3}
    kept = review(admin_client, default="off")
    assert kept.context["counts"]["skip"] == 3
    assert review(admin_client, every="on", default="off").context["counts"] == {"rename": 2, "merge": 0, "skip": 1}


def test_a_review_that_is_old_is_shown_again(admin_client: Client) -> None:
    channel = make_channel("A HD")
    mark = admin_client.get(PAGE).context["mark"]
    Channel.objects.filter(pk=channel.pk).update(name="B HD")
    assert admin_client.post(PAGE, {"mark": mark, "confirmed": "1"}).status_code == 422
    assert Channel.objects.get().name == "B HD"


def test_decisions_of_other_pages_travel_along(admin_client: Client) -> None:
    channels = Channel.objects.bulk_create(Channel(name=f"C{number} HD") for number in range(60))
    page = review(admin_client, page="2", **{f"value-{channels[0].pk}": "skip", f"value-{channels[1].pk}": "rename"})
    html = page.content.decode()
    assert page.context["page"].first == 51
    assert f'name="value-{channels[0].pk}" value="skip"' in html
    assert f"value-{channels[1].pk}" not in html  # what is proposed anyway does not travel


def test_the_page_says_busy(admin_client: Client) -> None:
    make_channel("A HD")
    with one_run():
        assert review(admin_client, confirmed="1").status_code == 409


# --- for programs ---------------------------------------------------------------------------------------------------------


def send(client: Client, body: object) -> Any:
    return client.post(API, json.dumps(body), content_type="application/json")


def test_programs_look_first_and_then_apply(admin_client: Client) -> None:
    owner = make_channel("RTL")
    taken, free = make_channel("RTL HD"), make_channel("CNN HD")
    seen = send(admin_client, {}).json()
    assert seen["dry_run"] is True
    rows = {row["channel_id"]: row for row in seen["rows"]}
    assert rows[taken.pk]["collision_channel"] == {"id": owner.pk, "name": "RTL"}
    assert (rows[taken.pk]["suggested_action"], rows[free.pk]["suggested_action"]) == ("merge", "rename")
    assert rows[free.pk]["transformations"] == [{"rule_id": "builtin:quality", "before": "CNN HD", "after": "CNN"}]
    listed = [{"channel_id": taken.pk, "action": "rename"}, {"channel_id": free.pk, "action": "rename"}]
    done = send(admin_client, {"dry_run": False, "rows": listed}).json()
    assert done["renamed"] == [free.pk]
    assert [row["channel_id"] for row in done["errors"]] == [taken.pk]
    assert done["rule_set_hash"] == seen["rule_set_hash"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dry_run": False, "rows": [{"channel_id": 1, "action": "explode"}]}, 422),
        ({"dry_run": False, "rows": [{"channel_id": "1", "action": "skip"}]}, 422),
        ({"dry_run": "no"}, 422),
        ({"rows": 5}, 422),
        ({"other": 1}, 422),
        ([], 422),
        ({"dry_run": False}, 200),
    ],
)
def test_what_programs_may_send(admin_client: Client, body: object, status: int) -> None:
    assert send(admin_client, body).status_code == status


def test_programs_are_told_when_to_come_back(admin_client: Client) -> None:
    with one_run():
        assert send(admin_client, {"dry_run": False}).status_code == 409
    for _ in range(one_at_a_time.RUNS_A_MINUTE - 1):
        assert send(admin_client, {"dry_run": False}).status_code == 200
    answer = send(admin_client, {"dry_run": False})
    assert answer.status_code == 429
    assert 0 < answer.json()["retry_after"] <= 60
