"""The page of one account or guide stays open while it is read: it shows how far that is, and by itself what came of it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from epg_app.models import GuideSource
from m3u_app.models import Account
from tasks_app.models import RunStatus, TaskRun
from tests.browser.fixtures import Site
from tests.browser.test_server_pages import faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


@pytest.mark.parametrize("kind", ["m3u", "guide"])
def test_the_page_follows_a_refresh_to_its_end(at_work: Any, site: Site, kind: str) -> None:
    if kind == "m3u":
        account = Account.objects.create(name="Acme", server_url="http://tv.example/list.m3u")
        path, task, lock = f"/m3u/{account.pk}/", "m3u_refresh", f"m3u:{account.pk}"
    else:
        source = GuideSource.objects.create(name="Guide", url="http://tv.example/guide.xml")
        path, task, lock = f"/guide/{source.pk}/", "epg_refresh", f"epg:{source.pk}"
    run = TaskRun.objects.create(task_id=task, lock_key=lock, title="Refresh", status=RunStatus.RUNNING, phase="First part")
    at_work.goto(site.url(path))
    progress = at_work.locator(f"#run-progress-{run.pk}")
    expect(progress).to_contain_text("First part")
    TaskRun.objects.filter(pk=run.pk).update(phase="Second part")
    expect(progress).to_contain_text("Second part")
    TaskRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED, message="Done as wished.")
    expect(progress).to_have_count(0)
    expect(at_work.get_by_role("button", name="Refresh", exact=True)).to_be_enabled()
    expect(at_work.get_by_text("Done as wished.", exact=True)).to_be_visible()
    assert faults(at_work) == []
