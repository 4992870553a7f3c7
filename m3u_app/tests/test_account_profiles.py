"""Profiles rewrite addresses for other logins of a provider (20 §6, §25.3 #62–64) and never show what they know."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from m3u_app.account_profiles import BROKEN, NO_MATCH, capacity, default_profile, rewrite
from m3u_app.edit_profiles import (
    ProfileRefused,
    ProfileValues,
    add_profile,
    change_profile,
    patterns_for_login,
    remove_profile,
)
from m3u_app.models import Account, AccountProfile
from m3u_app.profile_list import preview_effect, profile_page
from m3u_app.providers.xtream.address import stream_url
from m3u_app.tests.account_samples import HTMX, make_account, make_groups, make_streams, make_xtream
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_entry

SEARCH, REPLACE = r"^http://a/live/u1/p1/(.*)$", "http://a/live/u2/p2/$1"
VALUES = ProfileValues(name="Second", search_pattern=SEARCH, replace_pattern=REPLACE, max_streams=2)


def profile(search: str = SEARCH, replace: str = REPLACE, **values: Any) -> AccountProfile:
    return AccountProfile(search_pattern=search, replace_pattern=replace, **values)


@pytest.mark.parametrize(
    ("used", "url", "result", "note"),
    [
        (profile(), "http://a/live/u1/p1/55.ts", "http://a/live/u2/p2/55.ts", ""),  # 20 §25.3 #62
        (profile(), "http://b/x.ts", "http://b/x.ts", NO_MATCH),  # 63
        (profile(is_default=True), "http://a/live/u1/p1/55.ts", "http://a/live/u1/p1/55.ts", ""),  # 64
        (profile("", ""), "http://a/live/u1/p1/55.ts", "http://a/live/u1/p1/55.ts", ""),
        (profile("^(.*)$", "$1"), "http://a/1.ts", "http://a/1.ts", ""),
        (profile("(", "x"), "http://a/1.ts", "http://a/1.ts", BROKEN),
        (profile("^http://a(?=/)", "http://b"), "http://a/1.ts", "http://b/1.ts", ""),
        (profile(r"/u1/p1/", r"/u2/p$$1/"), "http://a/live/u1/p1/5.ts", "http://a/live/u2/p$1/5.ts", ""),
    ],
)
def test_rewriting_an_address(used: AccountProfile, url: str, result: str, note: str) -> None:
    assert rewrite(url, used) == (result, note)


@pytest.mark.parametrize("password", ["p2", r"$1\1.*", "a/b c", "ü&=+"])
def test_a_second_xtream_login_needs_no_patterns(password: str) -> None:
    account = Account(account_type="XC", username="u.1", password="p+1$")
    search, replace = patterns_for_login(account, "u2", password)
    before = stream_url("http://h:8080/sub", "u.1", "p+1$", "55")
    assert rewrite(before, profile(search, replace)).url == stream_url("http://h:8080/sub", "u2", password, "55")


@pytest.mark.django_db
class TestStored:
    def test_patterns_are_encrypted_in_the_database_and_the_journal(self) -> None:
        account = make_account()
        added, _ = add_profile(account.pk, VALUES)
        with connection.cursor() as cursor:
            cursor.execute("SELECT search_pattern, replace_pattern FROM m3u_app_accountprofile")
            assert all(text.startswith("enc:") for text in cursor.fetchone())
        kept = str(JournalEntry.objects.values_list("before_value", "after_value", "description"))
        assert "u2/p2" not in kept
        added.refresh_from_db()
        assert (added.search_pattern, added.replace_pattern) == (SEARCH, REPLACE)

    def test_every_change_can_be_undone(self) -> None:
        account = make_account()
        added, _ = add_profile(account.pk, VALUES)
        change_profile(account.pk, added.pk, ProfileValues(name="Other", search_pattern="x", replace_pattern="y"))
        assert undo_entry(JournalEntry.objects.latest("pk")).conflicts == []
        added.refresh_from_db()
        assert (added.name, added.search_pattern, added.max_streams) == ("Second", SEARCH, 2)
        _, entry_id = remove_profile(account.pk, added.pk)
        assert undo_entry(JournalEntry.objects.get(pk=entry_id)).conflicts == []
        assert AccountProfile.objects.get().replace_pattern == REPLACE
        assert undo_entry(JournalEntry.objects.order_by("pk")[0]).conflicts == []  # the adding
        assert not AccountProfile.objects.exists()

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            (ProfileValues(name="", search_pattern="a", replace_pattern="b"), "name"),
            (ProfileValues(name="taken", search_pattern="a", replace_pattern="b"), "name"),
            (ProfileValues(name="x", search_pattern="(", replace_pattern="b"), "search_pattern"),
            (ProfileValues(name="x", search_pattern="a", replace_pattern="$1"), "replace_pattern"),
            (ProfileValues(name="x", search_pattern="a"), "replace_pattern"),
            (ProfileValues(name="x", replace_pattern="b"), "search_pattern"),
            (ProfileValues(name="x", search_pattern="a" * 256, replace_pattern="b"), "search_pattern"),
            (ProfileValues(name="x", search_pattern="a", replace_pattern="b" * 256), "replace_pattern"),
            (ProfileValues(name="x", search_pattern="a", replace_pattern="b", max_streams=-1), "max_streams"),
        ],
    )
    def test_what_cannot_be_is_refused(self, values: ProfileValues, field: str) -> None:
        account = make_account()
        add_profile(account.pk, ProfileValues(name="Taken", search_pattern="a", replace_pattern="b"))
        with pytest.raises(ProfileRefused) as refusal:
            add_profile(account.pk, values)
        assert field in refusal.value.errors

    def test_the_default_profile_is_there_without_a_row_and_takes_name_and_notes_only(self) -> None:
        account = make_account(max_streams=3)
        assert (default_profile(account).name, AccountProfile.objects.count()) == ("Acme Default", 0)
        change_profile(account.pk, None, ProfileValues(name="Main", notes="mine", search_pattern="a", replace_pattern="b"))
        stored = default_profile(account)
        assert (stored.name, stored.notes, stored.search_pattern) == ("Main", "mine", "")
        with pytest.raises(ProfileRefused):
            remove_profile(account.pk, stored.pk)
        assert capacity(account) == 3

    @pytest.mark.parametrize(
        ("own", "others", "total"),
        [(3, [], 3), (3, [2, 4], 9), (0, [2], 0), (3, [0], 0)],
    )
    def test_the_capacity_is_the_sum_unless_one_is_unlimited(self, own: int, others: list[int], total: int) -> None:
        account = make_account(max_streams=own)
        for number, limit in enumerate(others):
            AccountProfile.objects.create(account=account, name=str(number), max_streams=limit)
        AccountProfile.objects.create(account=account, name="off", max_streams=9, is_active=False)
        assert capacity(account) == total


@pytest.mark.django_db
class TestPages:
    def url(self, name: str, account: Account, *more: int) -> str:
        return reverse(f"m3u:{name}", args=[account.pk, *more])

    def test_a_profile_is_added_and_its_logins_are_never_shown_again(self, admin_client: Client) -> None:
        account = make_xtream()
        make_streams(account, make_groups(account, "G")[0], 3)
        data = {"name": "Second", "login_username": "bob-two", "login_password": "s3cond-pass", "is_active": "on"}
        answer = admin_client.post(self.url("profile_add", account), data, headers=HTMX)
        assert answer.status_code == 204
        added = account.profiles.get()
        page = admin_client.get(self.url("profiles", account)).content.decode()
        page += admin_client.get(self.url("profile_edit", account, added.pk)).content.decode()
        page += admin_client.post(self.url("profile_preview", account), {"profile_id": added.pk}).content.decode()
        page += admin_client.get(reverse("journal:list")).content.decode()
        for secret in ("s3cond-pass", "s3cret-pass", "bob-two"):
            assert secret not in page
        assert "another login" in page

    def test_empty_boxes_keep_the_stored_patterns(self, admin_client: Client) -> None:
        account = make_account()
        added, _ = add_profile(account.pk, VALUES)
        admin_client.post(
            self.url("profile_edit", account, added.pk), {"name": "Renamed", "max_streams": "2", "is_active": "on"}
        )
        added.refresh_from_db()
        assert (added.name, added.search_pattern, added.replace_pattern) == ("Renamed", SEARCH, REPLACE)

    def test_errors_stand_beside_their_boxes(self, admin_client: Client) -> None:
        account = make_account()
        data = {"name": "x", "search_pattern": "(", "replace_pattern": "y"}
        answer = admin_client.post(self.url("profile_add", account), data, headers=HTMX)
        assert answer.status_code == 422
        assert "no valid pattern" in answer.content.decode().split('id="id_search_pattern_error"')[1].split("</div>")[0]

    def test_a_preview_counts_the_addresses_that_match(self) -> None:
        account = make_account()
        make_streams(account, make_groups(account, "G")[0], 12)
        effect = preview_effect(account, r"/1(\d)\.ts$", "/x$1.ts")
        assert (effect.total, effect.matched) == (12, 2)
        assert preview_effect(account, "nothing", "x").note == "no address matches"
        assert "s3cret-pass" not in effect.before + effect.after

    def test_more_profiles_take_no_more_queries(self) -> None:
        account = make_account()
        make_streams(account, make_groups(account, "G")[0], 3)
        add_profile(account.pk, VALUES)
        with CaptureQueriesContext(connection) as few:
            profile_page(account)
        for number in range(20):
            add_profile(account.pk, ProfileValues(name=str(number), search_pattern="a", replace_pattern="b"))
        with CaptureQueriesContext(connection) as many:
            profile_page(account)
        assert len(many) == len(few)
