"""*Test* and ``check_dispatcharr``: what was found, and what is wrong, in words."""

import io
import json

import pytest
from django.core.management import call_command

from ecm_site.conf import save_settings
from ecm_site.dispatcharr.check import check_connection
from ecm_site.dispatcharr.credentials import Credentials
from tests.fake_dispatcharr import FakeServer, Kind


def run(*arguments: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("check_dispatcharr", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def good(fake: FakeServer) -> Credentials:
    return Credentials(user=fake.user, password=fake.password)


def test_a_good_server_is_described(fake: FakeServer) -> None:
    report = check_connection(fake.url, good(fake))
    assert report.ok
    assert (report.version, report.user, report.user_level) == ("0.29.0", "admin", 10)
    assert report.counts == {"accounts": 1, "streams": 40, "channels": 3, "groups": 6, "guide_sources": 1}
    assert len(fake.auth.sign_ins) == 1
    assert {call.method for call in fake.calls} == {"GET", "POST"}
    assert fake.count("POST") == 1  # the sign-in: nothing else is written


def test_pressing_test_again_and_again_does_not_sign_in_again(fake: FakeServer) -> None:
    for _ in range(5):
        assert check_connection(fake.url, good(fake)).ok
    assert len(fake.auth.sign_ins) == 1


@pytest.mark.parametrize(
    ("prepare", "where", "words"),
    [
        (lambda fake: fake.faults.order(Kind.HTML, path="version"), "address", "does not look like a Dispatcharr"),
        (lambda fake: fake.faults.order(Kind.RESET_BEFORE, times=9), "network", "cannot be reached"),
        (lambda fake: fake.faults.order(Kind.STATUS, path="version", times=9, status=502), "server", "overloaded"),
        (lambda fake: fake.world.passwords.update(admin="changed"), "credentials", "does not know this user"),
        (lambda fake: fake.world.change("users", 1, user_level=1), "rights", "administrator"),
        (lambda fake: fake.faults.order(Kind.STATUS, path="epg/sources", status=500), "server", "failed with 500"),
    ],
    ids=["address", "network", "server", "credentials", "rights", "fault"],
)
def test_what_is_wrong_is_said_with_where_to_look(fake: FakeServer, prepare: object, where: str, words: str) -> None:
    prepare(fake)  # type: ignore[operator]
    report = check_connection(fake.url, good(fake))
    assert not report.ok
    assert report.where == where
    assert words in report.problem
    assert fake.password not in report.problem


def test_an_address_that_cannot_be_is_said() -> None:
    report = check_connection("http://u:secret@host:99999", Credentials())
    assert report.where == "address"
    assert "secret" not in json.dumps(report.as_json())


def test_another_version_is_noted(fake: FakeServer) -> None:
    fake.world.version = "1.4.0"
    report = check_connection(fake.url, good(fake))
    assert report.ok
    assert "1.4.0" in report.notes[0]


def test_the_command_says_it_in_words_and_in_json(fake: FakeServer) -> None:
    assert run() == ("No Dispatcharr server is entered in the settings.\n", 3)
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    words, code = run()
    assert code == 0
    assert "Signed in as admin, administrator." in words
    assert "It has 1 account, 40 streams, 3 channels, 6 groups, 1 guide source." in words
    text, code = run("--json")
    assert code == 0
    assert json.loads(text)["counts"]["streams"] == 40
    fake.world.passwords["admin"] = "changed"
    fake.reinstall()
    text, code = run("--json")
    assert code == 1
    assert json.loads(text)["where"] == "credentials"
    assert fake.password not in text
