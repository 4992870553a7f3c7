"""Answers that several guide pages share."""

from django.http import Http404

from epg_app.find_source import find_source
from epg_app.models import GuideSource
from m3u_app.views.feed_pages import FeedPages

SOURCES = FeedPages(
    word="source", namespace="guide", heading="EPG Manager", frame="epg_app/dialog_page.html", event="guides:changed"
)
say, dialog, back_to = SOURCES.say, SOURCES.dialog, SOURCES.back_to


def source_or_404(source_id: int) -> GuideSource:
    """The source; 404 when there is none."""
    try:
        return find_source(source_id)
    except GuideSource.DoesNotExist:
        raise Http404("There is no such guide.") from None
