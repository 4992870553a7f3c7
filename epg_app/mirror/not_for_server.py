"""What of the guides a server cannot hold, found before it is sent."""

from collections import defaultdict
from pathlib import Path

from django.db.models import Q

from ecm_site.wording import counted, shortened
from epg_app.mirror.guide_sources import GuideSourceKind
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import UPLOAD_BYTES_MAX
from m3u_app.store_upload import is_upload
from tasks_app.switching.rooms import SAMPLES

_PATH = "the guide is a path on this machine. Upload the file first, or give an address"
_GONE = "the uploaded guide is no longer there. Upload it again first, or give an address"
_LARGE = f"the guide is larger than {UPLOAD_BYTES_MAX // 1_048_576} MB. Give an address first"
_NO_ADDRESS = "there is no address. Enter one first"


def sources_not_sent() -> dict[int, tuple[str, str]]:
    """Guide sources that will not be on the server: id → (name, why not)."""
    paths = dict(GuideSource.objects.values_list("pk", "file_path"))
    found: dict[int, tuple[str, str]] = {}
    for pk, values in GuideSourceKind().local().items():
        reason = ""
        if values["source_type"] == SourceType.XMLTV_FILE:
            reason = _problem_of_file(paths.get(pk, ""))
        elif values["source_type"] == SourceType.XMLTV and not values["url"]:
            reason = _NO_ADDRESS
        if reason:
            found[pk] = (values["name"], reason)
    return found


def not_for_server() -> list[str]:
    """A sentence for each sort of thing that stays behind, with how many there are."""
    left_out = sources_not_sent()
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in left_out.values():
        by_reason[reason].append(name)
    sentences = [
        f"{counted(len(names), 'guide source')} will not be there ({_first(names)}): {reason}."
        for reason, names in by_reason.items()
    ]
    own = ~Q(preferred_language="") | ~Q(assume_timezone="UTC") | ~Q(time_shift_minutes=0) | ~Q(user_agent="")
    sources = GuideSource.objects.filter(own, deleting_since=None).exclude(pk__in=left_out)
    names = list(sources.values_list("name", flat=True))
    if names:
        sentences.append(
            f"{counted(len(names), 'guide source')} will be read without the language, time zone, time shift or User-Agent that"
            f" you chose ({_first(names)}): the server has no such choices for a guide."
        )
    return sentences


def _problem_of_file(path: str) -> str:
    if not is_upload(path):
        return _PATH
    try:
        size = Path(path).stat().st_size
    except OSError:
        return _GONE
    return _LARGE if size > UPLOAD_BYTES_MAX else ""


def _first(names: list[str]) -> str:
    return ", ".join(shortened(name) for name in names[:SAMPLES]) + (", …" if len(names) > SAMPLES else "")
