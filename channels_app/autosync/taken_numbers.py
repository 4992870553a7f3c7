"""Says which numbers a group would have used had other channels not had them (20 §4.2): a warning, never a refusal."""

from decimal import Decimal

from channels_app.autosync.settings import Numbering
from channels_app.autosync.values import GroupPlan, Situation, SyncPlan
from channels_app.models import Channel
from channels_app.numbering import format_number, plain
from ecm_site.wording import counted, shortened


def taken_numbers(own: GroupPlan, plan: SyncPlan, now: Situation, account_id: int) -> list[str]:
    """At most one sentence. It counts the numbers that were passed over when ``own`` was numbered, and no others.

    A number that lies behind the last one needed, or between whole numbers, is in nobody's way. Where channels take
    whatever is free, passing over is what was asked for.
    """
    if own.group.settings.numbering is Numbering.NEXT_AVAILABLE or not own.skipped:
        return []
    lowest = min(own.skipped)
    holder = _holder(lowest, own, plan, now, account_id)
    example = f", the first by “{shortened(holder, 60)}” ({format_number(lowest)})" if holder else ""
    count = len(own.skipped)
    where = "of the range " if own.group.settings.numbering is Numbering.FIXED else ""
    return [f"{counted(count, 'number')} {where}{'is' if count == 1 else 'are'} taken by other channels{example}."]


def _holder(number: Decimal, own: GroupPlan, plan: SyncPlan, now: Situation, account_id: int) -> str:
    """The name of the channel that has or will have ``number``, or nothing when it cannot be told."""
    if number in now.other_numbers:
        others = Channel.objects.filter(number=number).exclude(auto_created=True, auto_created_by_id=account_id)
        return others.order_by("pk").values_list("name", flat=True).first() or ""
    names = {channel.id: channel.name for channel in now.channels}
    for group in plan.groups:
        if group is own:
            continue
        for new in group.creates:
            if _is(new.values["number"], number):
                return str(new.values["name"])
        for change in group.changes:
            if _is(change.after.get("number"), number):
                return str(change.after.get("name", names[change.channel_id]))
    moving = {change.channel_id for change in plan.changes if "number" in change.after} | set(plan.deletes)
    return next((item.name for item in now.channels if item.id not in moving and _is(item.number, number)), "")


def _is(value: object, number: Decimal) -> bool:
    return isinstance(value, Decimal) and plain(value) == number
