"""Refreshing from real servers on the loopback address, good ones and bad ones (20 §2.2, §2.4)."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator

import pytest

from ecm_site.tests.http_server import Answer, Call, Server, serving
from m3u_app.importing.cached_copy import CachedCopy
from m3u_app.importing.download_pace import pace_words
from m3u_app.models import Account, AccountStatus, Stream
from m3u_app.providers.registry import ProviderError, provider_for
from m3u_app.refresh_account import RefreshFailed, refresh_account
from m3u_app.tests.refreshing import CancelAt, playlist_of
from tasks_app.progress import Cancelled, NoProgress

PLAYLIST = playlist_of("A", "B", "C").encode()


class Provider:
    """A server with one playlist address whose answer the test sets."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.account = Account.objects.create(
            name="Acme", server_url=server.url("/get?username=alice&password=s3cret"), user_agent="Player/1"
        )

    def will(self, answer: Answer) -> None:
        self.server.routes["/get"] = answer

    def refresh(self) -> None:
        refresh_account(self.account.pk, progress=NoProgress())

    def now(self) -> Account:
        self.account.refresh_from_db()
        return self.account


@pytest.fixture
def acme(db: None) -> Iterator[Provider]:
    with serving(get=lambda call: call.answer(PLAYLIST)) as server:
        yield Provider(server)


def names() -> list[str]:
    return list(Stream.objects.order_by("pk").values_list("name", flat=True))


def test_a_playlist_is_fetched_with_the_accounts_user_agent_and_kept(acme: Provider) -> None:
    acme.refresh()
    assert names() == ["A", "B", "C"]
    assert acme.server.calls[0].headers["user-agent"] == "Player/1"
    assert CachedCopy(acme.account.pk).path.read_bytes() == PLAYLIST
    assert not CachedCopy(acme.account.pk).candidate.exists()


def zipped(content: bytes, name: str = "list.m3u") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zipped, lambda content: zipped(content, "noname")])
def test_packed_playlists_are_unpacked(acme: Provider, pack: Callable[[bytes], bytes]) -> None:
    acme.will(lambda call: call.answer(pack(PLAYLIST)))
    acme.refresh()
    assert names() == ["A", "B", "C"]


def test_a_content_encoding_is_honoured(acme: Provider) -> None:
    acme.will(lambda call: call.answer(gzip.compress(PLAYLIST), Content_Encoding="gzip"))
    acme.refresh()
    assert names() == ["A", "B", "C"]


def test_the_declared_charset_reaches_the_reader_also_when_nothing_changed(acme: Provider) -> None:
    body = playlist_of("Первый").encode("windows-1251")

    def answer(call: Call) -> None:
        if call.headers.get("if-none-match") == '"1"':
            call.answer(status="304 Not Modified", ETag='"1"')
        else:
            call.answer(body, ETag='"1"', Content_Type="audio/x-mpegurl; charset=windows-1251")

    acme.will(answer)
    acme.refresh()
    acme.refresh()
    assert names() == ["Первый"]
    assert not Stream.objects.filter(is_stale=True).exists()


def test_not_modified_reads_the_kept_copy_so_that_new_choices_take_effect(acme: Provider) -> None:
    def answer(call: Call) -> None:
        if "if-none-match" in call.headers:
            call.answer(status="304 Not Modified")
        else:
            call.answer(PLAYLIST, ETag='"x"', Last_Modified="Mon, 01 Jan 2026 00:00:00 GMT")

    acme.will(answer)
    acme.account.auto_enable_new_groups = False
    acme.account.save()
    acme.refresh()
    assert names() == []
    acme.account.groups.update(enabled=True)
    acme.refresh()
    assert acme.server.calls[-1].headers["if-none-match"] == '"x"'
    assert names() == ["A", "B", "C"]


def test_without_a_kept_copy_the_request_is_not_conditional(acme: Provider) -> None:
    acme.will(lambda call: call.answer(PLAYLIST, ETag='"x"'))
    acme.refresh()
    CachedCopy(acme.account.pk).forget()
    acme.refresh()
    assert "if-none-match" not in acme.server.calls[-1].headers
    assert names() == ["A", "B", "C"]


def cut_off(call: Call) -> None:
    call.answer(PLAYLIST[:40], length=len(PLAYLIST))


def gzip_bomb(call: Call) -> None:
    call.answer(gzip.compress(b"#EXTM3U\n" + b"\n" * 200_000_000, 9))


FAULTS: list[tuple[Answer, str]] = [
    (lambda call: call.answer(b"nope", "401 Unauthorized"), "401"),
    (lambda call: call.answer(b"blocked", "403 Forbidden"), "403.*blocked"),
    (lambda call: call.answer(b"", "404 Not Found"), "404"),
    (lambda call: call.answer(b"", "500 Oops"), "500"),
    (lambda call: call.answer(b"", "884 Blocked"), "884"),
    (lambda call: call.answer(b""), "empty"),
    (lambda call: call.answer(b"<html><title>Login</title></html>" + b"x" * 100_000), "web page"),
    (lambda call: call.answer(b'{"error": "no"}'), "not a playlist"),
    (lambda call: call.answer(b"#EXTM3U\n"), "No streams found"),
    (cut_off, "cut|broke|ended|interrupted|closed"),
    (lambda call: call.answer(gzip.compress(PLAYLIST * 50)[:-20]), "cut off"),
    (lambda call: call.answer(b"\x1f\x8b" + b"\0" * 100), "damaged|cut off"),
    (lambda call: call.answer(zipped(b"hello", "readme.md")), "no .m3u"),
    (gzip_bomb, "times its size"),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_bad_answer_is_said_in_words_and_nothing_is_lost(acme: Provider, fault: Answer, message: str) -> None:
    acme.refresh()
    before = list(Stream.objects.order_by("pk").values())
    acme.will(fault)
    with pytest.raises(RefreshFailed, match=f"(?is){message}"):
        acme.refresh()
    assert list(Stream.objects.order_by("pk").values()) == before
    copy = CachedCopy(acme.account.pk)
    assert copy.path.read_bytes() == PLAYLIST
    assert not copy.candidate.exists()
    account = acme.now()
    assert account.status == AccountStatus.ERROR
    assert "s3cret" not in account.last_message
    acme.will(lambda call: call.answer(PLAYLIST))
    acme.refresh()
    assert acme.now().status == AccountStatus.SUCCESS


def test_a_refused_connection_names_the_problem_without_the_login(db: None) -> None:
    account = Account.objects.create(name="Gone", server_url="http://127.0.0.1:9/get?username=alice&password=s3cret")
    with pytest.raises(RefreshFailed, match="refused"):
        refresh_account(account.pk, progress=NoProgress())
    account.refresh_from_db()
    assert "s3cret" not in account.last_message


def test_a_slow_download_can_be_cancelled(acme: Provider) -> None:
    def trickle(call: Call) -> None:
        call.answer(b"#EXTM3U\n", length=10_000_000)
        for _ in range(200):
            if acme.server.closing.wait(0.05):
                return
            call.send(b"# wait\n")

    acme.will(trickle)
    with pytest.raises(Cancelled):
        refresh_account(acme.account.pk, progress=CancelAt(look=3))
    assert acme.now().status == AccountStatus.IDLE
    assert not CachedCopy(acme.account.pk).candidate.exists()


def test_a_held_back_playlist_does_not_become_the_kept_copy(acme: Provider) -> None:
    acme.will(lambda call: call.answer(PLAYLIST, ETag='"1"'))
    acme.refresh()
    acme.will(lambda call: call.answer(playlist_of("A").encode(), ETag='"2"'))
    with pytest.raises(RefreshFailed, match="1 stream instead of 3"):
        acme.refresh()
    assert CachedCopy(acme.account.pk).path.read_bytes() == PLAYLIST
    refresh_account(acme.account.pk, progress=NoProgress(), accept_shrunken=True)
    assert acme.server.calls[-1].headers["if-none-match"] == '"1"'
    assert CachedCopy(acme.account.pk).path.read_bytes() == playlist_of("A").encode()


def test_the_stamp_of_the_old_source_is_not_kept_for_a_new_one(acme: Provider) -> None:
    class PointElsewhere(NoProgress):
        def report(self, **values: object) -> None:
            if values.get("phase") == "Saving":
                account = Account.objects.get(pk=acme.account.pk)
                account.server_url, account.etag = "http://other.example/", ""
                account.save(update_fields=["server_url", "etag"])

    acme.will(lambda call: call.answer(PLAYLIST, ETag='"1"'))
    refresh_account(acme.account.pk, progress=PointElsewhere())
    assert acme.now().etag == ""


def test_the_test_button_says_what_the_beginning_holds(acme: Provider) -> None:
    acme.will(lambda call: call.answer(gzip.compress(b'#EXTM3U url-tvg="http://e/1.xml"\n' + PLAYLIST)))
    report = provider_for("STD").test(Account(server_url=acme.account.server_url))
    assert report.ok
    assert ("Entries in the first 64 KB", "3") in report.facts
    assert ("Begins with", "A, B, C") in report.facts
    assert ("Guide addresses", "1") in report.facts
    acme.will(lambda call: call.answer(b"<html>"))
    assert not provider_for("STD").test(Account(server_url=acme.account.server_url)).ok
    acme.will(lambda call: call.answer(b"", "403 Forbidden"))
    with pytest.raises(ProviderError, match="403"):
        provider_for("STD").test(Account(server_url=acme.account.server_url))
    assert not Stream.objects.exists()


@pytest.mark.parametrize(
    ("count", "total", "seconds", "words"),
    [
        (1024, 0, 1.0, "1 KB/s"),
        (512_000, 1_024_000, 1.0, "500 KB/s, 1 s left"),
        (1_024_000, 1_024_000, 1.0, "1,000 KB/s"),
        (1_000, 1_000_000, 1.0, "1 KB/s, 17 min left"),
        (0, 100, 1.0, "0 KB/s"),
    ],
)
def test_the_pace_of_a_download_in_words(count: int, total: int, seconds: float, words: str) -> None:
    assert pace_words(count, total, seconds) == words
