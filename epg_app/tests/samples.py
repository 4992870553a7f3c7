"""Sources, guides and mapped channels for tests."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from epg_app.import_report import ImportReport
from epg_app.models import GuideEntry, GuideSource, Programme, SourceType
from epg_app.refresh_source import refresh_source
from epg_app.tests.reading import channel, tv
from tasks_app.progress import NoProgress, Progress

SECRET_URL = "http://guide.example/xmltv.php?username=alice&password=s3cret-pass"
SECRETS = ("s3cret-pass", "alice")
HTMX = {"HX-Request": "true"}


def make_source(name: str = "Guide", **values: Any) -> GuideSource:
    values = {"url": "http://guide.example/guide.xml"} | values
    return GuideSource.objects.create(name=name, **values)


def make_entries(source: GuideSource, *tvg_ids: str, **values: Any) -> list[GuideEntry]:
    from epg_app.entry_keys import search_text, tvg_key

    return GuideEntry.objects.bulk_create(
        [
            GuideEntry(
                source=source,
                tvg_id=tvg_id,
                tvg_key=tvg_key(tvg_id),
                name=values.get("name", tvg_id.upper()),
                search_text=search_text(tvg_id, [values.get("name", tvg_id.upper()), *values.get("other_names", [])]),
                **{key: value for key, value in values.items() if key != "name"},
            )
            for tvg_id in tvg_ids
        ]
    )


def make_programme(entry: GuideEntry, start: datetime, hours: float = 1, title: str = "T", **values: Any) -> Programme:
    return Programme.objects.create(entry=entry, start=start, stop=start + timedelta(hours=hours), title=title, **values)


def soon(hours: float = 0) -> datetime:
    """A round moment near now: guides of tests lie inside the window."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)


def xmltv_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S +0000")


def guide_of(titles: dict[str, Iterable[str]], *, begin: datetime | None = None, extra: str = "") -> str:
    """A guide with an hour per title for each channel, beginning an hour ago."""
    begin = begin or soon(-1)
    lines = [channel(tvg_id, f"Name {tvg_id}") for tvg_id in titles]
    for tvg_id, names in titles.items():
        for hour, title in enumerate(names):
            start, stop = (xmltv_time(begin + timedelta(hours=hour + more)) for more in (0, 1))
            lines.append(f'<programme start="{start}" stop="{stop}" channel="{tvg_id}"><title>{title}</title></programme>')
    return tv(*lines, extra)


class FileGuide:
    """A source that reads a file which the test rewrites."""

    def __init__(self, folder: Path, name: str = "Guide", **values: Any) -> None:
        self.path = folder / f"{name}.xml"
        self.source = GuideSource.objects.create(
            name=name, source_type=SourceType.XMLTV_FILE, file_path=str(self.path), **values
        )

    def refresh(
        self, guide: str | bytes | None = None, *, progress: Progress | None = None, accept_smaller: bool = False
    ) -> ImportReport:
        if guide is not None:
            self.path.write_bytes(guide.encode() if isinstance(guide, str) else guide)
        return refresh_source(self.source.pk, progress=progress or NoProgress(), accept_smaller=accept_smaller)

    def now(self) -> GuideSource:
        self.source.refresh_from_db()
        return self.source

    def titles(self, tvg_id: str = "a") -> list[str]:
        rows = Programme.objects.filter(entry__source=self.source, entry__tvg_id=tvg_id)
        return list(rows.order_by("start").values_list("title", flat=True))

    def entries(self, **filters: Any) -> list[str]:
        return list(
            GuideEntry.objects.filter(source=self.source, **filters).order_by("tvg_id").values_list("tvg_id", flat=True)
        )


class Mapping:
    """Plays the lineup: says which entries are used."""

    def __init__(self) -> None:
        self.tvg_ids: set[str] = set()
        self.on_ask: Callable[[], None] = lambda: None

    def use(self, *tvg_ids: str) -> None:
        self.tvg_ids = set(tvg_ids)

    def __call__(self) -> Iterable[int]:
        self.on_ask()
        return list(GuideEntry.objects.filter(tvg_id__in=self.tvg_ids).values_list("id", flat=True))
