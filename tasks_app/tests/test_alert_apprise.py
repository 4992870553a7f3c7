"""The Apprise family: listed services only, and every request under our guard – link-local and metadata addresses,
redirects, and detours that a server suggests (DESIGN §7)."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ecm_site.fetching import sockets
from tasks_app.alerts.apprise_guard import GuardedAdapter, conversation
from tasks_app.alerts.apprise_services import BY_SCHEME, SERVICES
from tasks_app.alerts.channel import ChannelError, InvalidMethod
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.channels.apprise_family import harmless
from tasks_app.alerts.edit_methods import create_method
from tasks_app.alerts.message import Message
from tasks_app.alerts.method_values import shown_values
from tasks_app.models import AlertMethod, Severity
from tasks_app.tests.receivers import Received, Reply, WebReceiver, stand_in, web_receiver

MESSAGE = Message(
    Severity.ERROR, title="Refresh failed", subject="s", body="@everyone: <b>it</b> broke <!channel>", source="Tests"
)
FAMILY = CHANNELS["apprise"]


def send(url: str) -> str:
    return FAMILY.send(FAMILY.clean({"url": url}), MESSAGE)


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    with web_receiver(otherwise=Reply(200, b'{"ok": true}')) as server:
        yield server


@pytest.mark.parametrize(
    ("url", "method_and_path"),
    [
        ("json://{}/hook?-x=1", "POST /hook?x=1"),
        ("ntfy://{}/topic", "POST /"),
        ("gotify://{}/AbCdEfGhIjKlMnO", "POST /message"),
        ("mmost://{}/3ccdd113474722377935511fc85d3dd4", "POST /hooks/3ccdd113474722377935511fc85d3dd4"),
        ("form://{}/hook", "POST /hook"),
    ],
)
def test_services_get_the_real_message(receiver: WebReceiver, url: str, method_and_path: str) -> None:
    send(url.format(f"127.0.0.1:{receiver.port}"))
    got = receiver.received[0]
    assert f"{got.method} {got.path}" == method_and_path
    assert "Refresh failed" in got.body.decode() or "Refresh+failed" in got.body.decode()
    assert "@everyone" not in got.body.decode()  # an invisible sign stands in between


def test_slacks_own_address_is_understood_and_sent_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_receiver(tls=True, otherwise=Reply(200, b"ok")) as slack:
        stand_in(monkeypatch, slack, "hooks.slack.com")
        send("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    assert slack.received[0].path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert "<!channel>" not in slack.received[0].body.decode()


def test_matrix_logs_in_and_writes_into_a_room(receiver: WebReceiver) -> None:
    def answer(request: Received) -> Reply:
        if request.path.endswith("/login"):
            return Reply(200, b'{"access_token": "abc", "home_server": "localhost", "user_id": "@ecm:localhost"}')
        if "/join/" in request.path:
            return Reply(200, b'{"room_id": "!abc:localhost"}')
        return Reply(200, b'{"event_id": "$x", "room_id": "!abc:localhost", "joined_rooms": []}')

    receiver.answer = answer
    send(f"matrix://ecm:password@127.0.0.1:{receiver.port}/#room:localhost?e2ee=no")
    assert any("/send/m.room.message/" in request.path for request in receiver.received)


def test_a_stored_address_is_never_shown_again(db: None) -> None:
    create_method("apprise", {"name": "N", "config": {"url": "gotifys://push.example.org/AbCdEfGhIjKlMnO"}})
    method = AlertMethod.objects.get()
    assert "AbCdEf" not in f"{method.config}{method.secrets}{shown_values(method)}"
    assert method.config == {"service": "Gotify", "host": "push.example.org"}
    assert shown_values(method)["url"] == "********"


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "syslog://localhost", "dbus://", "mqtt://10.0.0.1/topic", "windows://", "rsyslog://10.0.0.1",
     "smtp://x", "irc://host/#c", "http://127.0.0.1/hook", "https://example.org/hook", "discord://1/2", "tgram://1:a/2",
     "mailto://a:b@c.org", "ntfy", "", "ntfy://", "json://host/a b", "json://host/\r\nX: y", "json://" + "h" * 3000,
     "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ?template=/etc/passwd",
     "ntfy://host/topic?attach=file:///etc/passwd", "json://host/?redirect=yes", "json://host?rto=9999", "json://host/?Retry=50",
     "json://host/?:template=/etc/passwd", "json://host/#?template=/etc/passwd"],
)  # fmt: skip
def test_only_listed_services_without_odd_options_are_taken(url: str) -> None:
    with pytest.raises(InvalidMethod) as caught:
        FAMILY.clean({"url": url})
    assert caught.value.field == "url"


def test_every_listed_service_exists_in_the_installed_version() -> None:
    from tasks_app.alerts.channels.apprise_family import _plugin_class

    for service in SERVICES:
        plugin = _plugin_class(service)
        own: set[str] = set()
        for schemes in (plugin.protocol, plugin.secure_protocol):
            own |= {schemes} if isinstance(schemes, str) else set(schemes or ())
        assert set(service.schemes) <= own, service.label
    assert len(BY_SCHEME) == sum(len(service.schemes) for service in SERVICES)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:169.254.169.254]", "100.100.100.200", "224.0.0.1"]
)
def test_machine_internals_are_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*args: Any) -> Any:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(sockets.GuardedBackend, "_connect", connect)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ChannelError, match="never contacted") as caught:
        send(f"json://{host}/latest/meta-data")
    assert not caught.value.may_pass


def test_a_name_that_leads_to_the_metadata_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    with pytest.raises(ChannelError, match="never contacted"):
        send("json://innocent.example/hook")


def test_our_own_web_server_is_refused(receiver: WebReceiver, settings: Any) -> None:
    settings.ECM_PORT = receiver.port
    with pytest.raises(ChannelError, match="this program itself"):
        send(f"json://127.0.0.1:{receiver.port}/settings/")
    assert receiver.received == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:{}/elsewhere"])
def test_redirects_are_not_followed(receiver: WebReceiver, status: int, target: str) -> None:
    receiver.otherwise = Reply(status, b"", {"Location": target.format(receiver.port)})
    with pytest.raises(ChannelError, match="sends us on to another address"):
        send(f"json://127.0.0.1:{receiver.port}/hook")
    assert [request.path for request in receiver.received] == ["/hook"]


def test_a_public_server_cannot_send_us_on_into_the_local_network(
    monkeypatch: pytest.MonkeyPatch, receiver: WebReceiver
) -> None:
    """As a Matrix server does with its discovery document: the second request is a hop of the first."""
    import ipaddress

    real = sockets.resolve
    monkeypatch.setattr(
        sockets,
        "resolve",
        lambda host, *rest: [ipaddress.ip_address("8.8.8.8")] if host == "public.example" else real(host, *rest),
    )
    connect = sockets.GuardedBackend._connect
    monkeypatch.setattr(
        sockets.GuardedBackend,
        "_connect",
        lambda self, address, port, timeout: connect(self, ipaddress.ip_address("127.0.0.1"), receiver.port, timeout),
    )
    with conversation():
        assert requests.post("http://public.example/discover", timeout=5).status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError, match="inside the local network"):
            requests.post(f"http://192.168.1.9:{receiver.port}/inner", timeout=5)
    assert [request.path for request in receiver.received] == ["/discover"]


def test_every_session_of_the_library_is_guarded(receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://169.254.169.254:1")
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter())  # whatever a plug-in mounts
    assert isinstance(session.get_adapter("http://x"), GuardedAdapter)
    assert session.get(receiver.url("/direct")).json() == {"ok": True}
    with pytest.raises(requests.exceptions.ConnectionError, match="never contacted"):
        session.get("http://169.254.169.254/")


def test_one_message_cannot_take_requests_without_end(receiver: WebReceiver) -> None:
    with conversation():
        for _ in range(12):
            requests.get(receiver.url())
        with pytest.raises(requests.exceptions.ConnectionError, match="too many requests"):
            requests.get(receiver.url())


def test_an_answer_without_end_is_hung_up_on(receiver: WebReceiver) -> None:
    receiver.otherwise = Reply(200, b"x" * 2_000_000)
    with pytest.raises(ChannelError, match="sends more than"):
        send(f"json://127.0.0.1:{receiver.port}/hook")


@pytest.mark.parametrize(
    ("reply", "expected", "may_pass", "pause"),
    [
        (Reply(429, b"", {"Retry-After": "12"}), "rate limited (429)", True, 12),
        (Reply(500), "has a problem (500)", True, None),
        (Reply(401), "unauthorised (401)", False, None),
        (Reply(404), "not found (404)", False, None),
        (Reply(400, b"bad token AbCdEfGhIjKlMnO"), "refused the message (400)", False, None),
    ],
)
def test_what_a_service_says_is_told_without_its_token(
    receiver: WebReceiver, reply: Reply, expected: str, may_pass: bool, pause: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.otherwise = reply
    with pytest.raises(ChannelError) as caught:
        send(f"gotify://127.0.0.1:{receiver.port}/AbCdEfGhIjKlMnO")
    assert expected in str(caught.value)
    assert caught.value.may_pass is may_pass
    assert caught.value.asked_pause == pause
    assert len(receiver.received) == 1
    assert "AbCdEfGhIjKlMnO" not in str(caught.value) + " ".join(caplog.messages)


def test_nobody_listening_is_worth_another_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ChannelError, match="Could not connect to Webhook") as caught:
            send(f"json://127.0.0.1:{taken.getsockname()[1]}/hook")
    assert caught.value.may_pass


def test_nothing_rings_everybody() -> None:
    for text in ("@everyone", "@here", "@channel", "@all", "<!channel>", "<!here>", "<@U123>"):
        assert text not in harmless(f"hi {text} there")
    assert harmless("a @ b, 100!") == "a @ b, 100!"
