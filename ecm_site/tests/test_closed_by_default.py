"""Every page needs sign-in unless it is marked public (50 U-4)."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC_PREFIXES = (
    "/setup/",
    "/sign-in/",
    "/sign-out/",
    "/account/theme/",
    "/api/health",
    "/api/version",
    "/output/",
    "/hdhr",
    "/stream/",
    "/t/",
    "/logos/0000",  # uploaded logos, which are a part of what is published; the library itself is closed
    "/admin/login/",
)
SAMPLE_VALUES = {
    "int": "1",
    "slug": "general",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "str": "x",
    "path": "x",
    "output_token": "x" * 20,
    "logo_file": f"{'0' * 40}.png",
}


def addresses(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the project with sample values in place of its parameters."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        elif "(?P<" not in route:  # the admin's catch-all
            yield re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLE_VALUES.get(match[1] or "str", "x"), route), pattern


ALL = sorted({address for address, _ in addresses(get_resolver())})
CLOSED = [address for address in ALL if not address.startswith(PUBLIC_PREFIXES)]


def test_the_walk_finds_the_pages() -> None:
    assert {"/", "/settings/general/", "/admin/", "/setup/"} <= set(ALL)
    assert len(ALL) > 60


@pytest.mark.parametrize("address", CLOSED)
def test_strangers_are_sent_to_sign_in(client: Client, alice: User, address: str) -> None:
    for method in (client.get, client.post):
        answer = method(address)
        assert (answer.status_code, answer.headers.get("Location", "").split("?")[0]) in {(302, "/sign-in/"), (401, "")}, (
            f"{address} answers {answer.status_code} to a stranger"
        )


def test_only_the_listed_addresses_are_public() -> None:
    """A view that is marked public by mistake is found here."""
    marked = {
        address
        for address, pattern in addresses(get_resolver())
        if getattr(pattern.callback, "is_public", False) and not address.startswith(PUBLIC_PREFIXES)
    }
    assert marked == set()


def test_parts_of_a_page_say_that_the_sign_in_has_ended(client: Client, alice: User) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/journal/?page=2"})
    assert answer.status_code == 401
    assert '"session:expired"' in answer["HX-Trigger"]
    assert "/sign-in/?next=/journal/%3Fpage%3D2" in answer["HX-Trigger"]


def test_a_foreign_current_url_is_not_carried_along(client: Client, alice: User) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})
    assert "evil" not in answer["HX-Trigger"]


@pytest.mark.parametrize("signed", [False, True])
def test_unknown_api_addresses_answer_json(client: Client, alice: User, signed: bool) -> None:
    if signed:
        client.force_login(alice)
    answer = client.get("/api/nope")
    assert answer.status_code == (404 if signed else 401)
    assert set(answer.json()) == {"detail"}


def test_the_admin_has_no_sign_in_of_its_own(client: Client, alice: User) -> None:
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/sign-in/?next=/admin/"
    mallory = User.objects.create_user("mallory", password="correct horse")
    client.force_login(mallory)
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/login/").status_code == 403
