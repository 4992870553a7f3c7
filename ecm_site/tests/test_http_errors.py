"""Every failure is a sentence an operator can act on, without credentials."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from ecm_site.http import FetchError, FetchPolicy, check_address, fetch_head, get_json, looks_like_html
from ecm_site.tests.http_server import serving

POLICY = FetchPolicy(connect_timeout=3, read_timeout=3)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("401 Unauthorized", "answered 401 Unauthorized: check the username and the password."),
        ("403 Forbidden", "answered 403 Forbidden: the provider refuses"),
        ("404 Not Found", "answered 404 Not Found: nothing is at this address"),
        ("429 Too Many Requests", "answered 429 Too Many Requests: too many requests; wait a while"),
        ("500 Internal Server Error", "answered 500 Internal Server Error: the provider's server has a problem"),
        ("503 Service Unavailable", "answered 503 Service Unavailable: the provider's server has a problem"),
        ("884 ", "answered 884: this is the provider's own code, usually for a blocked address"),
        ("999 ", "answered 999: this is the provider's own code"),
        ("418 I'm a Teapot", "answered 418"),
        ("302 Found", "answered 302 Found: check the address"),  # a redirect that leads nowhere
    ],
)
def test_a_status_is_named_with_advice(status: str, words: str) -> None:
    with serving(list=lambda call: call.answer(status=status)) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/list"), policy=POLICY)
    assert words in str(caught.value)
    assert (caught.value.kind, caught.value.status) == ("status", int(status[:3]))


def test_retry_after_is_passed_on() -> None:
    with serving(list=lambda call: call.answer(status="429 Too Many", Retry_After="120")) as server:
        with pytest.raises(FetchError, match=r"asks to wait 120 seconds"):
            fetch_head(server.url("/list"), policy=POLICY)


def test_the_error_body_is_quoted_as_words_shortened_and_masked() -> None:
    body = (
        b"<html><head><style>p{}</style><script>var a='<b>';</script></head><body>\n<b>Account</b>\0 expired. "
        b'See http://h/get.php?username=joe&amp;password=s3cret and {"password": "s3cret"} password=s3cret ' + b"x" * 5000
    )
    with serving(list=lambda call: call.answer(body, status="403 Forbidden")) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/list"), policy=POLICY)
    assert caught.value.body.startswith("Account expired. See http://h/get.php?username=***")
    assert "s3cret" not in str(caught.value)
    assert len(caught.value.body) == 1000


def test_a_login_in_the_address_becomes_basic_auth_and_is_never_told() -> None:
    with serving(list=lambda call: call.answer(status="401 Unauthorized")) as server:
        with pytest.raises(FetchError) as caught:
            fetch_head(server.url("/list?password=s3cret", login="joe:s3%40cret@"), policy=POLICY)
        assert server.calls[0].headers["authorization"] == "Basic am9lOnMzQGNyZXQ="
    assert "s3" not in str(caught.value)
    assert "joe" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["", "  ", "playlist.m3u", "ftp://h/x", "file:///etc/passwd", "http://", "http:///x", "http://h:99999/", "http://h:0/",
     "http://h/\nX: y", "http://h\x00/", "http://" + "a" * 5000, "http://[::1", "gopher://h/", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_not_an_address_is_refused_without_traffic(address: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_address(address)
    assert caught.value.kind == "invalid_url"


@pytest.mark.parametrize(
    "address", ["http://h", " HTTPS://H:8080/a b?x=ü ", "http://u:p@10.0.0.1/x", "http://[::1]:80/", "http://münchen.example/"]
)
def test_usable_addresses_pass(address: str) -> None:
    check_address(address)


def test_an_unknown_name_is_a_dns_error() -> None:
    with pytest.raises(FetchError, match=r"no server named nothing\.invalid") as caught:
        fetch_head("http://nothing.invalid/", policy=POLICY)
    assert caught.value.kind == "dns"


def test_a_closed_port_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(FetchError, match=f"refused the connection on port {port}") as caught:
        fetch_head(f"http://127.0.0.1:{port}/", policy=POLICY)
    assert caught.value.kind == "refused"


def test_a_server_that_hangs_up_is_interrupted() -> None:
    with serving(list=lambda call: None) as server, pytest.raises(FetchError) as caught:
        fetch_head(server.url("/list"), policy=POLICY)
    assert caught.value.kind == "interrupted"


def test_an_answer_that_is_not_http_is_named() -> None:
    with serving(list=lambda call: call.send(b"ICY 200 OK\r\n\r\nmusic")) as server:
        with pytest.raises(FetchError, match="not valid HTTP"):
            fetch_head(server.url("/list"), policy=POLICY)


def test_https_to_a_plain_port_suggests_http() -> None:
    with serving(list=lambda call: call.answer()) as server, pytest.raises(FetchError, match="try http://") as caught:
        fetch_head(server.url("/list").replace("http:", "https:"), policy=POLICY)
    assert caught.value.kind == "tls"


@pytest.fixture
def tls_server(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An https server with a certificate nobody signed. Gives its address."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            except OSError:
                continue  # the client did not like the certificate

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}/"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_a_certificate_nobody_signed_is_refused_in_words(tls_server: str) -> None:
    with pytest.raises(FetchError, match="certificate of localhost is not trusted") as caught:
        fetch_head(tls_server, policy=POLICY)
    assert caught.value.kind == "tls"


def test_checking_certificates_can_be_switched_off_per_source(tls_server: str) -> None:
    assert fetch_head(tls_server, policy=FetchPolicy(verify_tls=False)).data == b"hello"


def test_headers_with_line_breaks_are_refused() -> None:
    for policy in (
        FetchPolicy(headers={"X-A": "b\r\nHost: c"}),
        FetchPolicy(headers={"X A": "b"}),
        FetchPolicy(user_agent="a\nb"),
    ):
        with pytest.raises(FetchError):
            fetch_head("http://127.0.0.1:9/", policy=policy)


def test_a_policy_does_not_print_its_secrets() -> None:
    assert "s3cret" not in repr(FetchPolicy(auth=("joe", "s3cret"), headers={"Authorization": "s3cret"}))


def test_json_is_decoded_and_parameters_are_added() -> None:
    with serving(api=lambda call: call.answer(b'\xef\xbb\xbf{"a": [1]}')) as server:
        assert get_json(server.url("/api?x=1"), policy=POLICY, params={"action": "live &"}) == {"a": [1]}
        assert server.calls[0].path == "/api?x=1&action=live+%26"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "a web page instead of data.*Sign in"),
        (b"", "an empty answer"),
        (b" \r\n", "an empty answer"),
        (b"INVALID_CREDENTIALS", "not JSON. It starts: “INVALID_CREDENTIALS”"),
        (b"[" * 200_000, "not JSON"),
        (b'{"a": ', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_what_is_not_json_is_named(body: bytes, words: str) -> None:
    with serving(api=lambda call: call.answer(body)) as server, pytest.raises(FetchError, match=words) as caught:
        get_json(server.url("/api"), policy=POLICY)
    assert caught.value.kind == "not_json"


def test_only_the_head_is_read() -> None:
    with serving(list=lambda call: call.answer(b"#EXTM3U\n" + b"x" * 3_000_000, Content_Type="text/plain")) as server:
        head = fetch_head(server.url("/list"), policy=POLICY, max_bytes=1000)
    assert (len(head.data), head.complete, head.total, head.content_type) == (1000, False, 3_000_008, "text/plain")


def test_the_head_of_a_short_answer_is_complete() -> None:
    with serving(list=lambda call: call.answer(b"#EXTM3U\n")) as server:
        head = fetch_head(server.url("/list"), policy=POLICY)
    assert (head.data, head.complete) == (b"#EXTM3U\n", True)


@pytest.mark.parametrize(
    ("start", "is_html"),
    [
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML>", True),
        (b"<HTML>", True),
        (b"<!-- x --><html>", True),
        (b"<?xml version='1.0'?><tv>", False),
        (b"#EXTM3U", False),
        (b"", False),
    ],
)
def test_web_pages_are_told_from_feeds(start: bytes, is_html: bool) -> None:
    assert looks_like_html(start) is is_html
