"""What is in a digest and how it looks: choice, hostile names, bounded size and memory (20 §11, §25.5 rows 85 to 92)."""

import re
import tracemalloc
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ecm_site.conf import save_settings
from m3u_app.changes.models import Change, ChangeType
from m3u_app.digest import chat_form, words
from m3u_app.digest.chat_form import written_messages
from m3u_app.digest.collect import Digest, collect
from m3u_app.digest.mail_form import MOST_ROWS, written_mail
from m3u_app.digest.models import DigestMark, Target
from m3u_app.digest.values import DigestSettings
from m3u_app.tests.digesting import account, added, batch, change
from m3u_app.tests.refreshing import FileAccount, playlist_of
from tasks_app.alerts.clean_text import units

pytestmark = pytest.mark.django_db


def collected(**values: Any) -> Digest:
    return collect(Target.EMAIL, DigestSettings(**values), timezone.now() - timedelta(days=1))


def told(digest: Digest) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """group → (type, count, names)."""
    return {
        row.group: (kind, row.count, row.names)
        for found in digest.accounts
        for kind, of_type in found.types.items()
        for row in of_type.best
    }


class Tags(HTMLParser):
    """Collects the tags and addresses of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_cards_count_streams_and_the_digest_counts_lines() -> None:  # 85
    first = batch(account())
    change(first, "group_added", "Kids", 3)
    change(first, "group_added", "Movies", 4)
    change(first, "streams_added", "Sports", 40)
    digest = collected()
    assert [number for _, number in words.counts(digest)] == [2, 0, 40, 0]
    assert digest.rows == 3
    assert words.title(digest) == "3 changes"


@pytest.mark.parametrize("kind", ["group_added", "streams_added"])
def test_an_excluded_group_takes_its_streams_along(kind: str) -> None:  # 86
    first = batch(account())
    change(first, kind, "espn+ Events", 2, ["a", "b"])
    change(first, kind, "ESPN", 2, ["c", "d"])
    assert list(told(collected(exclude_group_patterns=(r"ESPN\+",)))) == ["ESPN"]


def test_excluded_streams_are_taken_out_of_the_count() -> None:  # 87, 88
    first = batch(account())
    change(first, "streams_added", "Sports", 3, ["PPV 1", "ESPN HD", "ppv 2"])
    change(first, "streams_removed", "Only PPV", 2, ["PPV 1", "PPV 2"])
    change(first, "group_added", "PPV Events", 7, ["PPV 1"])
    change(first, "streams_added", "Without names", 9)
    assert told(collected(exclude_stream_patterns=("PPV",))) == {
        "Sports": ("streams_added", 1, ("ESPN HD",)),
        "PPV Events": ("group_added", 7, ()),
        "Without names": ("streams_added", 9, ()),
    }


def test_a_stored_pattern_that_is_no_good_is_skipped() -> None:
    added("Sports", "PPV 1", "One")
    found = told(collected(exclude_stream_patterns=("(", "PPV"), exclude_group_patterns=("[",)))
    assert found == {"Sports": ("streams_added", 1, ("One",))}


def test_groups_and_streams_can_be_left_out_as_a_whole() -> None:
    first = batch(account())
    change(first, "group_renamed", "New", 2, former_name="Old")
    change(first, "streams_moved", "Sports", 1, ["ESPN", "News"])
    assert set(told(collected(include_group_changes=False))) == {"Sports"}
    assert set(told(collected(include_stream_changes=False))) == {"New"}
    assert not collected(include_group_changes=False, include_stream_changes=False).rows


def test_the_first_look_at_an_account_is_no_news(acme: FileAccount) -> None:
    acme.refresh(playlist_of(*(f"s{n}" for n in range(50))))
    assert not collected().rows
    acme.refresh(playlist_of(*(f"s{n}" for n in range(1, 50)), "new@Other"))
    assert told(collected()) == {"G": ("streams_removed", 1, ("s0",)), "Other": ("group_added", 1, ())}


def test_renamed_and_moved_streams_say_from_what() -> None:
    first = batch(account())
    change(first, "streams_renamed", "A", 2, ["ESPN HD", "ESPN", "BBC", "BBC 1"])
    change(first, "streams_moved", "B", 1, ["ESPN", "News"])
    change(first, "group_renamed", "Filme", 80, former_name="Movies")
    text = written_mail(collected(), detailed=True).text
    assert "A: 2 streams – ESPN → ESPN HD, BBC 1 → BBC" in text
    assert "B: 1 stream – ESPN (from News)" in text
    assert "Movies → Filme: 80 streams" in text
    assert told(collected(exclude_stream_patterns=("^BBC 1",)))["A"][1:] == (1, ("ESPN → ESPN HD",))


def test_what_channels_lost_comes_first() -> None:
    first = batch(account())
    for number in range(30):
        change(first, "streams_removed", f"Large {number}", 500)
    change(first, "streams_removed", "Small but used", 2, ["x", "y"], in_use=1)
    mail = written_mail(collected(), detailed=True)
    assert mail.text.index("Small but used: 2 streams (1 used by channels)") < mail.text.index("Large 0")
    assert "… and 11 more" in mail.text
    assert "1 of the removed streams is used by channels" in " ".join(mail.html.split())


def test_counts_alone_name_nothing() -> None:
    added("Secret group", "Secret stream")
    digest = collected(show_detailed_list=False)
    mail = written_mail(digest, detailed=False)
    (message,) = written_messages(digest, chat_form.DISCORD, detailed=False)
    for text in (mail.text, mail.html, message):
        assert "Streams added" in text
        assert "Secret" not in text
        assert "more" not in text


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "@everyone <@1>",
    "=cmd|'/C calc'!A0",
    "</td></table><script>x</script>",
    "a\x00\x1b[31mb\u202e",
]


def test_hostile_names_are_shown_as_text() -> None:  # 92
    strange = account("<b>Acme</b>\r\nBcc: all@example.org")
    first = batch(strange)
    change(first, "streams_added", "<svg onload=x>", len(HOSTILE[:3]), HOSTILE[:3])
    change(first, "streams_added", HOSTILE[3], 2, HOSTILE[3:])
    change(first, "group_renamed", "x" * 5000, 1, former_name="y" * 5000)
    change(first, "streams_added", "http://h/get.php?username=me&password=hunter2secret", 1, ["http://me:hunter2secret@h/1"])
    mail = written_mail(collected(), detailed=True)
    found = Tags(mail.html)
    assert not found.tags & {"img", "script", "svg", "b", "iframe", "style"}
    assert found.links == []
    assert "&lt;img src=x onerror=alert(1)&gt;" in mail.html
    assert "hunter2secret" not in mail.html + mail.text
    assert not re.search("[\x00-\x08\x1b\u202e]", mail.text + mail.html)
    assert len(mail.text) < 4000
    assert "\nBcc:" not in mail.text
    assert "\n" not in mail.subject


def test_the_link_leads_to_the_same_changes() -> None:
    added("Sports", "One")
    assert "page “Changes” of ECM" in written_mail(collected(), detailed=True).text  # ECM does not know its address
    save_settings(public_base_url="http://ecm.local:6100/")
    (only,) = Tags(written_mail(collected(), detailed=True).html).links
    assert only == f"http://ecm.local:6100/m3u/changes/?range=24h&first=hide&account={account().pk}"
    added("News", "Two", of=account("B"))
    mail = written_mail(collected(), detailed=True)
    assert "account=" not in mail.html
    assert mail.subject == "[ECM] M3U Digest: 2 changes across 2 accounts"


def test_queries_do_not_grow_with_changes(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = batch(account())
    for number in range(3):
        change(first, "streams_added", f"G{number}", 1, ["x"])
    with django_assert_num_queries(4):
        assert collected().rows == 3
    for number in range(40):
        change(first, "streams_added", f"H{number}", 1, ["x"])
        batch(account())
    DigestMark.objects.create(target=Target.DISCORD, account=account(), batch_id=10**9)  # somebody else's
    with django_assert_num_queries(4):
        assert collected().rows == 43


def multiply(rows: int) -> None:
    """Copy the changes that there are, each into a group of its own, until there are so many. One statement."""
    columns = [field.column for field in Change._meta.concrete_fields if not field.primary_key]
    values = ", ".join("group_name || ' ' || n" if column == "group_name" else column for column in columns)
    there = Change.objects.count()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE more(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM more WHERE n < %s) "
            f"INSERT INTO {Change._meta.db_table} ({', '.join(columns)}) SELECT {values} FROM more "
            f"JOIN {Change._meta.db_table} ON id = (SELECT min(id) FROM {Change._meta.db_table}) + n %% %s",
            [rows - there - 1, there],
        )


def test_a_hundred_thousand_changes_take_little_memory_and_a_small_mail() -> None:
    first = batch(account())
    names = "\n".join(f"Channel number {n} <b>" for n in range(20))
    for kind in ChangeType:
        change(first, kind.value, f"Group {'g' * 200}", 20, names.splitlines())
    multiply(100_000)
    tracemalloc.start()
    digest = collected()
    mail = written_mail(digest, detailed=True)
    messages = written_messages(digest, chat_form.DISCORD, detailed=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest.rows == 100_000
    assert peak < 16_000_000
    assert mail.text.count("\n  - ") <= MOST_ROWS
    assert len(mail.html.encode()) < 100_000  # mail services cut longer ones off
    assert len(messages) <= chat_form.MOST_MESSAGES
    assert all(units(text) <= chat_form.SPLIT_AT for text in messages)
