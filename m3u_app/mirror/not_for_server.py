"""What of the providers a server cannot hold, found before it is sent: the kinds would refuse it or do not know it."""

from collections.abc import Collection

from django.db.models import F, Q, QuerySet

from ecm_site.wording import counted
from m3u_app.mirror.account_kind import SECRETS, AccountKind
from m3u_app.mirror.filter_kind import FilterKind
from m3u_app.mirror.patterns_there import NotForTheServer, pattern_for_server
from m3u_app.mirror.problem_of_upload import problem_of_upload
from m3u_app.mirror.profile_kind import ProfileKind
from m3u_app.mirror.profile_terms import SECRETS as PROFILE_SECRETS
from m3u_app.mirror.profile_terms import their_values
from m3u_app.mirror.send_playlist import LARGEST
from m3u_app.models import Account, LinkGroup, StreamFilter, StreamGroup
from tasks_app.mirror.kinds import Values
from tasks_app.switching.left_behind import first_names, told_by_reason

_SECRET = "the address or the login cannot be read with this key file. Type it in again first"  # noqa: S105 - a sentence


def accounts_not_sent() -> dict[int, tuple[str, str]]:
    """Accounts that will not be on the server: id → (name, why not)."""
    paths = dict(Account.objects.exclude(file_path="").values_list("pk", "file_path"))
    found: dict[int, tuple[str, str]] = {}
    for pk, values in AccountKind().local().items():
        reason = problem_of_upload(paths[pk], "playlist", largest=LARGEST) if pk in paths else ""
        if any(name not in values for name in SECRETS):
            reason = _SECRET
        if reason:
            found[pk] = (values["name"], reason)
    return found


def not_for_server() -> list[str]:
    """A sentence for each sort of thing that stays behind, with how many there are."""
    left_out = accounts_not_sent()
    sentences = told_by_reason("account", left_out.values())
    others = StreamGroup.objects.exclude(account_id__in=left_out).filter(account__deleting_since=None)
    sentences += _about_groups(others)
    sentences += _about_filters(left_out.keys())
    broken = sum(_is_unusable_profile(values) for values in ProfileKind().local().values() if values["account"] not in left_out)
    if broken:
        sentences.append(
            f"{counted(broken, 'account profile')} will not be there, because Dispatcharr cannot use the patterns. Write them"
            " another way first."
        )
    links = LinkGroup.objects.count()
    if links:
        sentences.append(
            f"{counted(links, 'link', 'links')} between accounts {_stays(links)} here only: the server does not know links."
        )
    return sentences


def _about_groups(groups: QuerySet[StreamGroup]) -> list[str]:
    gone = groups.filter(is_stale=True).count()
    start, end = "auto_sync_channel_start", "auto_sync_channel_end"
    wrong = Q(**{f"{start}__lt": 1}) | Q(**{f"{end}__lt": 1}) | Q(**{f"{end}__lt": F(start)})
    refused = list(groups.filter(wrong, is_stale=False).values_list("name", flat=True))
    sentences = []
    if gone:
        sentences.append(f"{counted(gone, 'provider’s group')} will not be there: the provider has {_it(gone)} no more.")
    if refused:
        sentences.append(
            f"The choices for {counted(len(refused), 'provider’s group')} will not be there ({first_names(refused)}): the"
            " numbers for auto-sync begin below 1, or end before they begin. Correct them first."
        )
    return sentences


def _about_filters(left_out: Collection[int]) -> list[str]:
    off = (
        StreamFilter.objects.filter(enabled=False, account__deleting_since=None).exclude(account_id__in=list(left_out)).count()
    )
    known = [values for values in FilterKind().local().values() if values["account"] not in left_out]
    broken = sum(_is_unusable_filter(values) for values in known)
    sentences = []
    if off:
        sentences.append(
            f"{counted(off, 'filter')} that {'is' if off == 1 else 'are'} switched off {_stays(off)} here only: the server has"
            " none that are off."
        )
    if broken:
        sentences.append(
            f"{counted(broken, 'filter')} will not be there, because Dispatcharr cannot use the pattern. Write"
            f" {_it(broken)} another way first."
        )
    return sentences


def _is_unusable_filter(values: Values) -> bool:
    try:
        pattern = pattern_for_server(values["regex_pattern"], case_sensitive=values["case_sensitive"])
    except NotForTheServer:
        return True
    return len(pattern) > StreamFilter.PATTERN_LIMIT


def _is_unusable_profile(values: Values) -> bool:
    """The default one has no patterns."""
    if values["is_default"]:
        return False
    if any(name not in values for name in PROFILE_SECRETS):
        return True
    try:
        their_values(values, values, None)
    except NotForTheServer:
        return True
    return False


def _stays(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _it(count: int) -> str:
    return "it" if count == 1 else "them"
