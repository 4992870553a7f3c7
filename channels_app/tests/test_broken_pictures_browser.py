"""Pictures of the channel's page that fail before its scripts are there leave no torn frame."""

import time
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_app.models import Channel
from channels_app.tests.lineup_fixtures import make_channel, make_entry
from tests.browser.fixtures import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_a_guide_picture_that_failed_early_is_hidden(at_work: Any, site: Site) -> None:
    entry = make_entry("cnn.us", "CNN")
    entry.icon_url = "http://pictures.example/cnn.png"
    entry.save()
    channel = make_channel("CNN", "1")
    Channel.objects.filter(pk=channel.pk).update(guide_entry=entry)
    at_work.route("**/logos/thumb/**", lambda route: route.abort())

    def late(route: Any) -> None:
        time.sleep(0.7)  # the picture has failed by then
        route.continue_()

    at_work.route("**/logos*.js", late)
    at_work.goto(site.url(f"/channels/{channel.pk}/"))
    expect(at_work.locator("[data-guide-icon]")).to_be_hidden()
    assert at_work.locator("[data-guide-icon]").get_attribute("hidden") is None
    at_work.complaints.clear()
