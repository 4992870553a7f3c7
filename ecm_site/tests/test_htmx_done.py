"""Where a form leads that succeeded: its dialog closes, or its page of its own is left."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from m3u_app.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice", "", "correct horse"))
    return client


@pytest.mark.parametrize(
    ("shown", "status", "leads_to"), [("/m3u/", 204, None), ("/m3u/{}/delete/?next=1", 200, "/m3u/"), ("", 204, None)]
)
def test_a_dialog_with_a_page_of_its_own_leaves_it(visitor: Client, shown: str, status: int, leads_to: str | None) -> None:
    account = Account.objects.create(name="Gone", server_url="http://192.0.2.1/x.m3u")
    headers = {"HX-Request": "true"}
    if shown:
        headers["HX-Current-URL"] = f"http://testserver{shown.format(account.pk)}"
    answer = visitor.post(f"/m3u/{account.pk}/delete/", headers=headers)
    assert not Account.objects.exists()
    assert (answer.status_code, answer.get("HX-Redirect")) == (status, leads_to)
    told = "Deleted “Gone”"
    assert told in (
        visitor.get("/m3u/").content.decode() if leads_to else answer["HX-Trigger"].encode().decode("unicode_escape")
    )
