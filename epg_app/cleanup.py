"""What the clean-up removes for this app: cached guides and locks of sources that are gone."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from epg_app.models import GuideSource
from tasks_app.cleanup.temporary_files import register_places

_CACHED = re.compile(r"guide-(\d+)\.(xmltv|lock)")


@register_places
def _orphaned_guides() -> Iterator[Path]:
    known = set(GuideSource.objects.values_list("pk", flat=True))
    for path in Path(settings.SOURCE_CACHE_DIR).glob("guide-*"):
        cached = _CACHED.fullmatch(path.name)
        if cached and int(cached[1]) not in known:
            yield path
