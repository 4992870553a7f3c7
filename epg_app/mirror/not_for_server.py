"""What of the guides a server cannot hold, found before it is sent."""

from django.db.models import Q

from ecm_site.wording import counted
from epg_app.mirror.guide_sources import GuideSourceKind
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import UPLOAD_BYTES_MAX
from m3u_app.mirror.problem_of_upload import problem_of_upload
from tasks_app.switching.left_behind import first_names, told_by_reason

_NO_ADDRESS = "there is no address. Enter one first"


def sources_not_sent() -> dict[int, tuple[str, str]]:
    """Guide sources that will not be on the server: id → (name, why not)."""
    paths = dict(GuideSource.objects.values_list("pk", "file_path"))
    found: dict[int, tuple[str, str]] = {}
    for pk, values in GuideSourceKind().local().items():
        reason = ""
        if values["source_type"] == SourceType.XMLTV_FILE:
            reason = problem_of_upload(paths.get(pk, ""), "guide", largest=UPLOAD_BYTES_MAX)
        elif values["source_type"] == SourceType.XMLTV and not values["url"]:
            reason = _NO_ADDRESS
        if reason:
            found[pk] = (values["name"], reason)
    return found


def not_for_server() -> list[str]:
    """A sentence for each sort of thing that stays behind, with how many there are."""
    left_out = sources_not_sent()
    sentences = told_by_reason("guide source", left_out.values())
    own = ~Q(preferred_language="") | ~Q(assume_timezone="UTC") | ~Q(time_shift_minutes=0) | ~Q(user_agent="")
    sources = GuideSource.objects.filter(own, deleting_since=None).exclude(pk__in=left_out)
    names = list(sources.values_list("name", flat=True))
    if names:
        sentences.append(
            f"{counted(len(names), 'guide source')} will be read without the language, time zone, time shift or User-Agent that"
            f" you chose ({first_names(names)}): the server has no such choices for a guide."
        )
    return sentences
