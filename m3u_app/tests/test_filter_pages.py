"""The pages of filters (20 §5): add, edit, order, switch, delete, count before and after; every change can be undone."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from m3u_app.edit_filters import FilterRefused, FiltersMoved, FilterValues, add_filter, drop_the_rest, order_filters
from m3u_app.filter_preview import count_filters, preview_filter
from m3u_app.models import Account, Stream, StreamFilter
from m3u_app.tests.account_samples import HTMX, make_account, make_groups, make_streams
from m3u_app.tests.refreshing import FileAccount, Users, playlist_of
from tasks_app.models import JournalEntry, TaskRun
from tasks_app.undo import undo_entry

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def account() -> Account:
    return make_account(filters_changed_at=None)


def url(name: str, account: Account, *more: int) -> str:
    return reverse(f"m3u:{name}", args=[account.pk, *more])


def typed(pattern: str = "news", **values: Any) -> dict[str, Any]:
    return {"exclude": "1", "filter_type": "name", "regex_pattern": pattern, "enabled": "on", **values}


def patterns(account: Account) -> list[str]:
    return list(account.filters.order_by("position", "pk").values_list("regex_pattern", flat=True))


def undo_last(entity_type: str) -> list[str]:
    entry = JournalEntry.objects.filter(entity_type=entity_type).latest("pk")
    return undo_entry(entry).conflicts


def add(account: Account, *texts: str, **values: Any) -> list[StreamFilter]:
    return [add_filter(account.pk, FilterValues("name", text, **values))[0] for text in texts]


def test_a_filter_is_added_at_the_end_and_its_adding_undone(account: Account, admin_client: Client) -> None:
    add(account, "first")
    answer = admin_client.post(url("filter_add", account), typed("news"), headers=HTMX)
    assert answer.status_code == 204
    assert "filters:changed" in answer.headers["HX-Trigger"]
    assert patterns(account) == ["first", "news"]
    account.refresh_from_db()
    assert account.filters_changed_at is not None
    assert account.filters.latest("pk").case_sensitive is False
    assert undo_last("stream_filter") == []
    assert patterns(account) == ["first"]


def test_a_plain_form_leads_back_to_the_list(account: Account, admin_client: Client) -> None:
    answer = admin_client.post(url("filter_add", account), typed())
    assert (answer.status_code, answer.headers["Location"]) == (302, url("filters", account))
    assert "drop where the name matches “news”" in admin_client.get(url("filters", account)).content.decode()


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [("(", "This is no valid pattern: missing )"), ("", "Type a pattern."), ("a" * 201, "201 characters; 200 are allowed")],
)
def test_a_wrong_pattern_is_refused_beside_its_box(pattern: str, sentence: str, account: Account, admin_client: Client) -> None:
    answer = admin_client.post(url("filter_add", account), typed(pattern), headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page.split('id="id_regex_pattern_error"')[1].split("</div>")[0]
    assert not account.filters.exists()


def test_a_target_that_there_is_not_is_refused(account: Account) -> None:
    with pytest.raises(FilterRefused) as refusal:
        add_filter(account.pk, FilterValues("colour", "x"))
    assert refusal.value.errors.keys() == {"filter_type"}


def test_editing_saves_what_differs_and_can_be_undone(account: Account, admin_client: Client) -> None:
    (stored,) = add(account, "news")
    JournalEntry.objects.all().delete()
    Account.objects.update(filters_changed_at=None)
    same = typed("news", case_sensitive="on")
    admin_client.post(url("filter_edit", account, stored.pk), same, headers=HTMX)
    account.refresh_from_db()
    assert (JournalEntry.objects.count(), account.filters_changed_at) == (0, None)
    admin_client.post(url("filter_edit", account, stored.pk), same | {"regex_pattern": "sport", "exclude": "0"}, headers=HTMX)
    stored.refresh_from_db()
    assert (stored.regex_pattern, stored.exclude) == ("sport", False)
    entry = JournalEntry.objects.get()
    assert entry.before_value == {"regex_pattern": "news", "exclude": True}
    assert undo_last("stream_filter") == []
    stored.refresh_from_db()
    assert (stored.regex_pattern, stored.exclude) == ("news", True)


def test_an_edit_that_was_edited_again_is_not_undone(account: Account, admin_client: Client) -> None:
    (stored,) = add(account, "news")
    admin_client.post(url("filter_edit", account, stored.pk), typed("sport", case_sensitive="on"), headers=HTMX)
    entry = JournalEntry.objects.latest("pk")
    admin_client.post(url("filter_edit", account, stored.pk), typed("kids", case_sensitive="on"), headers=HTMX)
    assert undo_entry(entry).conflicts == ["“Acme”: regex pattern changed since"]
    assert patterns(account) == ["kids"]


def test_a_deleted_filter_comes_back_in_its_place(account: Account, admin_client: Client) -> None:
    _, middle, _ = add(account, "a", "b", "c")
    assert "Delete this filter?" in admin_client.get(url("filter_delete", account, middle.pk)).content.decode()
    admin_client.post(url("filter_delete", account, middle.pk), headers=HTMX)
    assert patterns(account) == ["a", "c"]
    assert undo_last("stream_filter") == []
    assert patterns(account) == ["a", "b", "c"]
    assert undo_last("stream_filter") == []  # redo
    assert patterns(account) == ["a", "c"]


def test_switching_off_and_on(account: Account, admin_client: Client) -> None:
    (stored,) = add(account, "a")
    admin_client.post(url("filter_toggle", account, stored.pk), {f"enabled-{stored.pk}": "0"}, headers=HTMX)
    stored.refresh_from_db()
    assert stored.enabled is False
    assert undo_last("stream_filter") == []
    stored.refresh_from_db()
    assert stored.enabled is True


def test_the_order_is_saved_and_can_be_undone(account: Account, admin_client: Client) -> None:
    first, second, third = add(account, "a", "b", "c")
    admin_client.post(url("filter_order", account), {"order": [third.pk, first.pk, second.pk]}, headers=HTMX)
    assert patterns(account) == ["c", "a", "b"]
    assert undo_last("filter_order") == []
    assert patterns(account) == ["a", "b", "c"]


def test_an_order_of_a_list_that_changed_meanwhile_is_refused(account: Account, admin_client: Client) -> None:
    first, second = add(account, "a", "b")
    with pytest.raises(FiltersMoved):
        order_filters(account.pk, [second.pk])
    answer = admin_client.post(url("filter_order", account), {"order": [second.pk, first.pk, 4711]}, headers=HTMX)
    assert "have changed since" in answer.headers["HX-Trigger"]
    assert patterns(account) == ["a", "b"]


@pytest.mark.parametrize(
    ("pattern", "direction", "expected"),
    [
        ("b", "up", ["b", "a", "c"]),
        ("b", "down", ["a", "c", "b"]),
        ("a", "up", ["a", "b", "c"]),
        ("c", "down", ["a", "b", "c"]),
    ],
)
def test_a_filter_is_moved_by_its_buttons_without_script(
    pattern: str, direction: str, expected: list[str], account: Account, admin_client: Client
) -> None:
    add(account, "a", "b", "c")
    stored = account.filters.get(regex_pattern=pattern)
    answer = admin_client.post(url("filter_step", account, stored.pk) + f"?direction={direction}")
    assert answer.status_code == 302
    assert patterns(account) == expected


def test_the_rest_is_dropped_with_one_click_and_only_once(account: Account, admin_client: Client) -> None:
    add(account, "news", exclude=False)
    assert "…and drop the rest" in admin_client.get(url("filters", account)).content.decode()
    admin_client.post(url("filters_rest", account), headers=HTMX)
    assert patterns(account) == ["news", ".*"]
    assert drop_the_rest(account.pk)[1] is None
    assert patterns(account) == ["news", ".*"]
    assert "…and drop the rest" not in admin_client.get(url("filters", account)).content.decode()


def test_locked_accounts_are_left_alone(account: Account, admin_client: Client) -> None:
    (stored,) = add(account, "a")
    Account.objects.update(locked=True)
    answer = admin_client.post(url("filter_add", account), typed(), headers=HTMX)
    assert "is locked" in answer.headers["HX-Trigger"]
    admin_client.post(url("filter_delete", account, stored.pk), headers=HTMX)
    assert patterns(account) == ["a"]
    assert "data-step" not in admin_client.get(url("filters", account)).content.decode()


def test_a_filter_of_another_account_is_not_found(account: Account, admin_client: Client) -> None:
    (stored,) = add(make_account("Other"), "a")
    for name in ("filter_edit", "filter_delete"):
        assert admin_client.get(url(name, account, stored.pk)).status_code == 404
    admin_client.post(url("filter_step", account, stored.pk))
    answer = admin_client.post(url("filter_toggle", account, stored.pk), {"enabled": "0"}, headers=HTMX)
    assert "deleted meanwhile" in answer.headers["HX-Trigger"]
    stored.refresh_from_db()
    assert stored.enabled


def test_the_page_says_that_filters_wait_and_applies_them(account: Account, admin_client: Client, inline_tasks: None) -> None:
    add(account, "a")
    assert "take effect with the next refresh" in admin_client.get(url("filters", account)).content.decode()
    answer = admin_client.post(url("filters_apply", account), headers=HTMX)
    assert "are being applied" in answer.headers["HX-Trigger"]
    assert TaskRun.objects.get().parameters["account_ids"] == [account.pk]


def test_hostile_patterns_are_shown_as_text(account: Account, admin_client: Client) -> None:
    (stored,) = add(account, HOSTILE)
    for page in (url("filters", account), url("filter_edit", account, stored.pk), url("filter_delete", account, stored.pk)):
        assert HOSTILE not in admin_client.get(page).content.decode()


def test_more_filters_take_no_more_queries(account: Account, admin_client: Client) -> None:
    add(account, "a")
    admin_client.get(url("filters", account))  # what a first request reads once
    with CaptureQueriesContext(connection) as few:
        admin_client.get(url("filters", account))
    StreamFilter.objects.bulk_create(StreamFilter(account=account, regex_pattern="x", position=n) for n in range(60))
    with CaptureQueriesContext(connection) as many:
        admin_client.get(url("filters", account))
    assert len(many) == len(few)


# --- counting before it happens -----------------------------------------------------------------------------------------


@pytest.fixture
def imported(tmp_path: Path) -> Account:
    acme = FileAccount(tmp_path)
    acme.refresh(playlist_of("BBC news@UK", "CNN news@US", "ESPN@US", "Film@Movies", f"{HOSTILE}@UK"))
    return acme.now()


def test_a_preview_counts_the_kept_playlist(imported: Account) -> None:
    found = preview_filter(imported, FilterValues("name", "news"))
    assert (found.total, found.decides, found.matches, found.kept) == (5, 2, 2, 3)
    assert [sample.name for sample in found.samples] == ["BBC news", "CNN news"]
    assert found.from_copy
    assert found.is_complete
    assert found.is_linear


def test_a_preview_knows_what_earlier_filters_decide(imported: Account) -> None:
    add(imported, "^CNN", exclude=False)
    found = preview_filter(imported, FilterValues("name", "news"))
    assert (found.decides, found.matches, found.decided_earlier, found.kept) == (1, 2, 1, 4)


def test_a_preview_of_a_stored_filter_stands_in_its_place(imported: Account) -> None:
    keep, _ = add(imported, "^CNN", ".*")
    found = preview_filter(imported, FilterValues("group", "UK", exclude=False), filter_id=keep.pk)
    assert (found.decides, found.kept) == (2, 2)


def test_filters_that_are_off_do_not_count(imported: Account) -> None:
    add(imported, ".*", enabled=False)
    assert preview_filter(imported, FilterValues("name", "news")).decides == 2


def test_a_preview_shows_addresses_without_logins() -> None:
    account = make_account(server_url="http://gone.example/x")
    make_streams(account, make_groups(account, "G")[0], 12)
    found = preview_filter(account, FilterValues("url", r"\.ts$"))
    assert (found.from_copy, found.total, len(found.samples)) == (False, 12, 10)
    assert all("s3cret-pass" not in sample.address for sample in found.samples)


def test_a_preview_stops_when_time_is_up(tmp_path: Path) -> None:
    acme = FileAccount(tmp_path)
    acme.refresh(playlist_of(*(f"Channel {number}" for number in range(3000))))
    found = preview_filter(acme.account, FilterValues("name", "Channel"), budget=0)
    assert not found.is_complete
    assert 0 < found.total < 3000


def test_the_preview_is_told_in_words_and_hostile_names_are_text(imported: Account, admin_client: Client) -> None:
    page = admin_client.post(url("filter_preview", imported), typed(".*")).content.decode()
    assert "This filter drops <strong" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    wrong = admin_client.post(url("filter_preview", imported), typed("(")).content.decode()
    assert "This is no valid pattern" in wrong
    slow = admin_client.post(url("filter_preview", imported), typed("a(?=b)")).content.decode()
    assert "looks around or back" in slow
    assert "Type a pattern" in admin_client.post(url("filter_preview", imported), typed("")).content.decode()


def test_streams_that_channels_use_are_pointed_out(imported: Account, admin_client: Client, users: Users) -> None:
    users.ids = set(Stream.objects.filter(name__in=["BBC news", "Film"]).values_list("pk", flat=True))
    found = preview_filter(imported, FilterValues("name", "news"))
    assert (found.in_use, found.in_use_samples) == (1, ["BBC news"])
    assert preview_filter(imported, FilterValues("name", "news", exclude=False)).in_use == 0
    page = admin_client.post(url("filter_preview", imported), typed("news")).content.decode()
    assert "used by channels: BBC news" in page
    add(imported, ".*")
    page = admin_client.get(url("filter_counts", imported)).content.decode()
    assert "used by channels: BBC news, Film. After 7 days they are deleted." in page


def test_the_list_counts_what_each_filter_decides(imported: Account, admin_client: Client) -> None:
    keep, drop = add(imported, "^CNN", "news|ESPN")
    counted, by_id = count_filters(imported)
    # Both drop: "^CNN" one, the other the two that are left to it.
    assert (by_id, counted.dropped, counted.kept) == ({keep.pk: 1, drop.pk: 2}, 3, 2)
    page = admin_client.get(url("filter_counts", imported)).content.decode()
    assert f'id="filter-count-{drop.pk}"' in page


def test_counting_takes_the_same_queries_whatever_the_number(
    imported: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add(imported, "zzz")
    with django_assert_num_queries(3):
        count_filters(imported)
    add(imported, "yyy", "xxx", "www", "vvv")
    with django_assert_num_queries(3):
        count_filters(imported)
