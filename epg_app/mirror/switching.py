"""The guide's part in switching between standalone and connected."""

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.wording import counted
from epg_app.delete_source import delete_source
from epg_app.mirror.not_for_server import not_for_server
from epg_app.mirror.refresh_on_server import ServerRefresh
from epg_app.models import GuideEntry, GuideSource, SourceStatus, SourceType
from m3u_app.store_upload import display_name, is_upload
from m3u_app.write_turns import WriteTurns
from tasks_app.mirror.links import StoredLinks
from tasks_app.progress import Progress
from tasks_app.switching.rooms import SAMPLES, Room, Stock, register_room

CHUNK = 5000
ABLE = (SourceType.XMLTV, SourceType.XMLTV_FILE)


class GuideRoom(Room):
    position = 20

    def stock(self) -> list[Stock]:
        names = tuple(GuideSource.objects.values_list("name", flat=True)[:SAMPLES])
        uploads = [display_name(path) for path in GuideSource.objects.values_list("file_path", flat=True) if is_upload(path)]
        return [
            Stock("guide source", GuideSource.objects.count(), names),
            Stock("uploaded guide", len(uploads), tuple(uploads[:SAMPLES])),
            Stock("guide entry", GuideEntry.objects.count(), plural="guide entries"),
        ]

    def missing_there(self) -> list[str]:
        return not_for_server()

    def clear(self, progress: Progress) -> None:
        """Uploads stay while the backup names them."""
        for source in GuideSource.objects.order_by("pk"):
            progress.report(phase=f"Removing the guide source {source.name}")
            GuideSource.objects.filter(pk=source.pk).update(is_active=False)
            delete_source(source.pk, progress=progress)

    def refresh_there(self, client: Dispatcharr, progress: Progress) -> None:
        """All sources that are switched on at once; what fails is told on its row."""
        wanted = GuideSource.objects.filter(is_active=True).exclude(source_type=SourceType.DUMMY)
        ServerRefresh(client, StoredLinks(), progress).run(wanted.values_list("pk", flat=True))

    def asleep_alone(self) -> list[str]:
        names = list(GuideSource.objects.exclude(source_type__in=ABLE).values_list("name", flat=True))
        by_hand = list(
            GuideSource.objects.filter(source_type__in=ABLE, is_active=True, refresh_interval=0).values_list("name", flat=True)
        )
        return [
            f"{counted(len(found), 'guide source')} {words}: {', '.join(found[:SAMPLES])}."
            for found, words in (
                (names, "of kinds that only Dispatcharr can read will be switched off"),
                (by_hand, "will be refreshed by hand only, as the interval is 0"),
            )
            if found
        ]

    def leave(self, progress: Progress) -> None:
        """Entries stay with their channels; what we cannot read ourselves is switched off and says so."""
        progress.report(phase="Taking over the guide")
        GuideSource.objects.exclude(source_type__in=ABLE).update(
            is_active=False,
            status=SourceStatus.DISABLED,
            last_message="Only Dispatcharr can read this kind of source. It rests while ECM works alone.",
        )
        GuideSource.objects.filter(status__in=(SourceStatus.FETCHING, SourceStatus.PARSING)).update(status=SourceStatus.IDLE)
        turns = WriteTurns()
        mirrored = GuideEntry.objects.filter(remote_id__isnull=False).order_by("pk")
        while ids := list(mirrored.values_list("pk", flat=True)[:CHUNK]):
            progress.raise_if_cancelled()
            with turns.turn(len(ids)):
                GuideEntry.objects.filter(pk__in=ids).update(remote_id=None)


def register() -> None:
    register_room("guide", GuideRoom())
