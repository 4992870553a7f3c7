"""Roles at every address of the house: what is refused, that nothing changes, that no login of a provider is shown."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from ecm_site.role_rules import (
    HOLDS_SECRETS,
    READING,
    VIEWERS_MAY_OPEN,
    VIEWERS_MAY_SEND,
    methods_of,
    refusal_for_viewers,
)
from ecm_site.roles import Role
from tests.roles.addresses import Address, every_address
from tests.roles.populated import SECRET
from tests.roles.table import ADMINISTRATORS_OPEN, ADMINISTRATORS_SEND

pytestmark = pytest.mark.django_db(databases=["default", "queue"])
SENDING = ("POST", "PUT", "PATCH", "DELETE")
HOUSE = [address for address in every_address() if not address.route.startswith("admin/")]
ADMIN = [address for address in every_address() if address.route.startswith("admin/")]
WRITING = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b.*?\b(?:INTO|UPDATE|FROM)?\s*\"(\w+)\"", re.IGNORECASE | re.DOTALL)
OWN_BOOKS = {"django_session"}
"""Tables that looking may write: the session's own."""


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored, but sessions."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
        for (name,) in cursor.fetchall():
            if name not in OWN_BOOKS and not name.startswith("sqlite_"):
                cursor.execute(f'SELECT * FROM "{name}"')
                found[name] = cursor.fetchall()
    return found


@contextmanager
def writes() -> Iterator[list[str]]:
    """Tables that are written meanwhile, on the connection that views use."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        match = WRITING.match(sql)
        if match and match[2] not in OWN_BOOKS:
            seen.append(f"{match[1]} {match[2]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def test_the_walk_finds_the_house() -> None:
    assert len(HOUSE) > 450
    routes = [address.route for address in HOUSE]
    listed = VIEWERS_MAY_SEND | VIEWERS_MAY_OPEN | HOLDS_SECRETS | ADMINISTRATORS_SEND | ADMINISTRATORS_OPEN
    assert listed - set(routes) == set(), "the lists name addresses that do not exist"


def test_of_every_view_it_is_known_what_it_takes_or_it_is_closed() -> None:
    """Views that do not say are closed for viewers; none of those whose page viewers need is among them by mistake."""
    unsaid = {address.route for address in HOUSE if methods_of(address.view) is None}
    closed = {address.route for address in HOUSE if refusal_for_viewers("GET", address.route, address.view)}
    assert unsaid - closed == VIEWERS_MAY_OPEN & unsaid


@pytest.mark.parametrize("method", SENDING)
def test_whatever_a_viewer_sends_is_refused_in_words(clients: dict[Role, Client], method: str) -> None:
    viewer, before = clients[Role.VIEWER], tables()
    wrong = []
    for address in HOUSE:
        if address.is_public or address.route in VIEWERS_MAY_SEND:
            continue
        if method in ("PUT", "PATCH") and not address.route.startswith("api/"):
            continue  # as refused as the others, and nobody sends them
        answer = viewer.generic(method, address.path)
        part = viewer.generic(method, address.path, headers={"HX-Request": "true"})
        words = answer.content.decode()
        if answer.status_code != 403 or part.status_code != 403:
            wrong.append(f"{address.path}: {answer.status_code}, {part.status_code}")
        elif "administrator of ECM" not in words or not part["Content-Type"].startswith(("text/plain", "application/json")):
            wrong.append(f"{address.path}: {words[:80]}")
        elif address.route.startswith("api/") and set(json.loads(words)) != {"detail"}:
            wrong.append(f"{address.path}: no JSON")
    assert wrong == []
    assert tables() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_the_admin_is_for_administrators(clients: dict[Role, Client], role: Role) -> None:
    for address in ADMIN:
        for method in ("GET", *SENDING):
            answer = clients[role].generic(method, address.path)
            sent_away = answer.status_code == 302 and "/admin/login/" in answer["Location"]
            assert sent_away or answer.status_code in (403, 404, 405) or address.path in ("/admin/login/", "/admin/logout/"), (
                f"{method} {address.path}: {answer.status_code}"
            )


@pytest.mark.parametrize("role", list(Role))
def test_looking_changes_nothing_and_fails_nowhere(clients: dict[Role, Client], role: Role) -> None:
    """For everybody: an address that is only opened, by a browser that fetches ahead for example, does nothing. What each role
    may open is what the table says, and viewers see no login of a provider."""
    before, wrong = tables(), []
    for address in HOUSE:
        if address.is_public:  # for players; what is published is not a question of roles
            continue
        with writes() as written:
            answer = clients[role].get(address.path)
            body = b"" if answer.streaming else answer.content
        if written or answer.status_code == 500:
            wrong.append(f"{address.path}: {answer.status_code} {written[:3]}")
        if (answer.status_code == 403) != is_closed(address, role):
            wrong.append(f"{address.path}: {answer.status_code} for {role}")
        if role is Role.VIEWER and SECRET in body.decode(errors="replace") + str(answer.headers):
            wrong.append(f"{address.path}: shows a login")
    assert wrong == []
    assert tables() == before


def is_closed(address: Address, role: Role) -> bool:
    if role is Role.ADMINISTRATOR:
        return False
    if address.route in ADMINISTRATORS_OPEN:
        return True
    return role is Role.VIEWER and bool(refusal_for_viewers("GET", address.route, address.view))


def test_what_editors_may_not_send_is_for_administrators(clients: dict[Role, Client]) -> None:
    """The other way round from viewers: everything is open to editors but what the table names."""
    refused = set()
    for address in HOUSE:
        methods = (methods_of(address.view) or frozenset(("POST",))) - READING
        if not methods or address.is_public:
            continue
        with transaction.atomic():  # whatever it did, the next one finds the house as it was
            answer = clients[Role.EDITOR].generic("POST" if "POST" in methods else min(methods), address.path)
            transaction.set_rollback(True)
        if answer.status_code == 403:
            refused.add(address.route)
    assert refused == ADMINISTRATORS_SEND
