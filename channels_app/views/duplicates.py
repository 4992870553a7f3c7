"""The dialog that finds duplicates and merges them, group by group (10 §15.1, §15.2)."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.errors import EditRefused
from channels_app.group_order import groups_in_order
from channels_app.merging.find_duplicates import DuplicateGroup, MatchBy, Scope, find_duplicates
from channels_app.merging.merge_into import MergeGroup, merge_groups
from channels_app.models import ChannelGroup
from channels_app.targets import Target, read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.normalize_names import CHANGED_SINCE
from channels_app.views.paged_choices import Choices, page_of, read_choices
from channels_app.views.posted import parameters

GROUPS_PER_PAGE = 25
MATCH_CHOICES = {
    MatchBy.NAME: "The same name, normalized",
    MatchBy.TVG_ID: "The same TVG-ID",
    MatchBy.GRACENOTE: "The same Gracenote id",
    MatchBy.STREAMS: "Shared streams",
}


@require_http_methods(["GET", "POST"])
@refusals_told
def duplicates(request: HttpRequest) -> HttpResponse:
    """``match`` is a :class:`MatchBy`; ``scope`` is "all", "target" (the selection) or "group" with ``in_group``."""
    values = parameters(request)
    target = read_target(values)
    asked = values.get("match", "")
    match_by = MatchBy(asked) if asked in set(MatchBy) else MatchBy.NAME
    scope_name, scope = _scope(values, target)
    found = find_duplicates(match_by, scope)
    choices = read_choices(values).without_proposed({group.group_key: str(group.proposed_keep) for group in found})
    wanted = [_merge(group, choices) for group in found if choices.is_on(group.group_key)]
    mark = _mark(found)
    notice = ""
    if request.method == "POST" and values.get("confirmed") == "1":
        if values.get("mark") != mark:
            notice = CHANGED_SINCE
        elif not wanted:
            notice = "No group is ticked. Tick those to merge."
        else:
            try:
                outcome = merge_groups(wanted)
                return edited(request, outcome, deleted=[pk for group in wanted for pk in group.sources])
            except EditRefused as error:
                notice = str(error)
    page = page_of(found, values, size=GROUPS_PER_PAGE)
    context = {
        "target": target,
        "page": page,
        "groups": [_shown(group, choices) for group in page.rows],
        "hidden": choices.hidden([group.group_key for group in page.rows]),
        "mark": mark,
        "chosen": len(wanted),
        "going": sum(len(group.sources) for group in wanted),
        "notice": notice,
        "match": str(match_by),
        "match_choices": [(str(key), label) for key, label in MATCH_CHOICES.items()],
        "scope": scope_name,
        "scope_choices": _scope_choices(target),
        "in_group": scope.group_id,
        "group_choices": [(0, "Uncategorized"), *((group.pk, group.name) for group in groups_in_order())],
        "action": reverse("channels:duplicates"),
    }
    return dialog(request, "channels_app/names/_duplicates.html", "Find duplicates", context, 422 if notice else 200)


def _scope(values: QueryDict, target: Target) -> tuple[str, Scope]:
    asked = values.get("scope", "target" if target else "all")
    if asked == "target" and target:
        return "target", Scope(channel_ids=target.ids())
    typed = values.get("in_group", "")
    group_id = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    if asked == "group" and (not group_id or ChannelGroup.objects.filter(pk=group_id).exists()):
        return "group", Scope(group_id=group_id)
    return "all", Scope()


def _scope_choices(target: Target) -> list[tuple[str, str]]:
    choices = [("all", "The whole lineup"), ("group", "One group")]
    return [("target", f"The {target.count:,} selected"), *choices] if target else choices


def _merge(group: DuplicateGroup, choices: Choices) -> MergeGroup:
    """Merge into the channel that the operator keeps; a value that is none of the group's counts as not given."""
    ids = [channel.channel_id for channel in group.channels]
    typed = choices.value(group.group_key)
    keep = next((pk for pk in ids if str(pk) == typed), group.proposed_keep)
    return MergeGroup(keep, tuple(pk for pk in ids if pk != keep))


def _shown(group: DuplicateGroup, choices: Choices) -> dict[str, Any]:
    return {
        "group": group,
        "is_on": choices.is_on(group.group_key),
        "keep": _merge(group, choices).target_id,
        "size": len(group.channels),
    }


def _mark(found: list[DuplicateGroup]) -> str:
    """A fingerprint of what was found, so that nothing else is merged than what was seen."""
    digest = hashlib.sha256()
    for group in found:
        digest.update(
            repr([(channel.channel_id, channel.name, channel.streams) for channel in group.channels]).encode(
                "utf-8", "surrogatepass"
            )
        )
    return digest.hexdigest()[:16]
