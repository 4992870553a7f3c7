"""Bulk creation in the background, for plans of thousands of channels."""

from dataclasses import asdict, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, get_type_hints

from django.urls import reverse

from channels_app.bulk_create import bulk_create
from channels_app.bulk_ids import read_ids, write_ids
from channels_app.bulk_options import BulkOptions, SectionChoice, Selection
from channels_app.bulk_plan import Plan
from channels_app.drafts.runs import PARAMETER, ProgressOutside, draft_of_caller, place_of
from channels_app.drafts.steps import DraftBusy
from channels_app.drafts.storage import DraftUnusable
from channels_app.naming import CountryChoice
from channels_app.naming.normalizing import NormalizeRules
from channels_app.numbering import format_number
from ecm_site.wording import counted
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class BulkCreateTask(TaskScheduler):
    task_id = "bulk_create"
    name = "Create channels"
    description = "Creates a large number of channels. Start it from the channel manager."
    by_hand = False
    default_parameters: ClassVar[dict[str, Any] | None] = {
        "selection": {}, "options": {}, "fingerprint": "", "count": 0, PARAMETER: None,
    }  # fmt: skip

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        return f"{cls.name} – {counted(int(parameters['count']), 'channel')}"

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open channels", reverse("channels:manager")

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        draft_id = parameters.get(PARAMETER)
        return f"{cls.task_id}:draft:{draft_id}" if draft_id else cls.task_id

    def execute(self) -> TaskResult:
        """Make the plan again and carry it out, if it is still the one that the operator saw."""
        self.progress.report(phase="planning")
        try:
            with place_of(self.parameters):
                outcome = bulk_create(
                    selection_from(self.parameters["selection"]),
                    options_from(self.parameters["options"]),
                    fingerprint=self.parameters["fingerprint"],
                    progress=ProgressOutside(self.progress),
                )
        except (DraftBusy, DraftUnusable) as refusal:
            return TaskResult(success=False, message=str(refusal), failed_count=1)
        return TaskResult(
            success=True,
            message=outcome.message,
            success_count=len(outcome.channel_ids),
            skipped_count=len(outcome.vanished),
            details={
                "channels_created": len(outcome.channel_ids),
                "streams_assigned": outcome.streams_assigned + outcome.streams_added,
                "merged": outcome.merged,
                "moved": outcome.pushed,
                "groups_created": len(outcome.groups_created),
                "batch_id": outcome.batch_id,
            },
        )


def parameters_of(selection: Selection, plan: Plan) -> dict[str, Any]:
    """What a run needs to know, as plain JSON values."""
    return {
        "selection": {
            "stream": write_ids(selection.stream_ids),
            "stream_group": write_ids(selection.group_ids),
            "account": write_ids(selection.account_ids),
            "except": write_ids(sorted(selection.excluded_ids)),
            "search": selection.search,
        },
        "options": options_to(plan.options),
        "fingerprint": plan.fingerprint,
        "count": len(plan.channels) + len(plan.additions),
        PARAMETER: draft_of_caller(),
    }


def selection_from(values: dict[str, str]) -> Selection:
    return Selection(
        stream_ids=read_ids([values.get("stream", "")]),
        group_ids=read_ids([values.get("stream_group", "")]),
        account_ids=read_ids([values.get("account", "")]),
        excluded_ids=frozenset(read_ids([values.get("except", "")])),
        search=values.get("search", ""),
    )


def options_to(options: BulkOptions) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for spec in fields(options):
        value = getattr(options, spec.name)
        if spec.name == "sections":
            value = {str(key): [choice.group_name, format_number(choice.start)] for key, choice in value.items()}
        elif isinstance(value, Decimal):
            value = format_number(value)
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, NormalizeRules):
            value = asdict(value)
        values[spec.name] = value
    return values


def options_from(values: dict[str, Any]) -> BulkOptions:
    """The opposite of :func:`options_to`. Raises ``TypeError`` or ``ValueError`` for values that do not come from it."""
    hints = get_type_hints(BulkOptions)
    read: dict[str, Any] = {}
    for name, value in values.items():
        kind = hints.get(name)
        if name == "sections":
            read[name] = {
                int(key): SectionChoice(group, Decimal(start) if start else None) for key, (group, start) in value.items()
            }
        elif name == "rules":
            read[name] = None if value is None else _rules_from(value)
        elif name == "start":
            read[name] = None if value is None else Decimal(value)
        elif isinstance(kind, type) and issubclass(kind, StrEnum):
            read[name] = kind(value)
        else:
            read[name] = tuple(value) if isinstance(value, list) else value
    return BulkOptions(**read)


def _rules_from(values: dict[str, Any]) -> NormalizeRules:
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    read["country"] = CountryChoice(read["country"])
    return NormalizeRules(**read)
