"""The form of one group's auto-sync. What is allowed is decided in :mod:`channels_app.autosync.settings`."""

from decimal import Decimal
from typing import Any

from django import forms

from channels_app.autosync.settings import (
    Numbering,
    SettingsRefused,
    SortOrder,
    SyncSettings,
    check,
)
from channels_app.groups.hidden import groups_in_sight
from channels_app.models import ChannelGroup
from channels_app.numbering import ONE, format_number, parse_number
from ecm_site.wording import shortened
from epg_app.models import GuideSource
from m3u_app.models import StreamGroup

NO_GUIDE = "none"
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "class": "form-control"}
_PATTERN = {**_PLAIN, "autocapitalize": "none", "class": "form-control font-monospace"}
_NUMBER = {**_PLAIN, "inputmode": "decimal"}
_NUMBERING = [
    (Numbering.FIXED.value, "From the first number upward"),
    (Numbering.PROVIDER.value, "The provider's own numbers"),
    (Numbering.NEXT_AVAILABLE.value, "The lowest numbers that are free"),
]
_SORT = [
    (SortOrder.PROVIDER.value, "As the provider lists them"),
    (SortOrder.NAME.value, "By name"),
    (SortOrder.TVG_ID.value, "By TVG-ID"),
    (SortOrder.UPDATED_AT.value, "By last change"),
]


def _text(label: str, attrs: dict[str, Any], help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, strip=False, max_length=5000, widget=forms.TextInput(attrs=attrs), help_text=help_text
    )


def _select(label: str, choices: list[tuple[str, str]], help_text: str = "") -> forms.ChoiceField:
    widget = forms.Select(attrs={"class": "form-select"})
    return forms.ChoiceField(label=label, required=False, choices=choices, widget=widget, help_text=help_text)


def _box(label: str, help_text: str = "") -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"class": "form-check-input"})
    return forms.BooleanField(label=label, required=False, widget=widget, help_text=help_text)


class AutoSyncForm(forms.Form):
    """The settings of one group."""

    switched_on = _box("Keep channels in step with this group", "Channels come, follow and go with the provider's streams.")
    numbering = _select("Which numbers", _NUMBERING)
    start = _text("First number", _NUMBER, "Empty means 1.")
    end = _text("Last number", _NUMBER, "Empty means no end.")
    fallback = _text("Without own number, from", _NUMBER, "Where the provider's own number is missing or taken.")
    compact = _box("Close gaps after each sync", "Channels are numbered one after the other; hidden ones lose their number.")
    include = _text("Only names that match", _PATTERN, "A regular expression, found anywhere; capitals do not matter.")
    exclude = _text("Without names that match", _PATTERN, "Of those, what matches here gets no channel.")
    rename_pattern = _text("Replace in names", _PATTERN, "A regular expression; capitals matter.")
    rename_to = _text("Replace by", _PATTERN, "$1 is what the first brackets found. Empty deletes the match.")
    sort_order = _select("Order", _SORT)
    sort_reverse = _box("In reverse")
    group_id = _select("Channel group", [])
    guide = _select("Guide data from", [])

    def __init__(self, *args: Any, group: StreamGroup, settings: SyncSettings, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _initial(group, settings))
        super().__init__(*args, **kwargs)
        target, guide = self.fields["group_id"], self.fields["guide"]
        if isinstance(target, forms.ChoiceField) and isinstance(guide, forms.ChoiceField):
            target.choices = [("", f"The one called “{shortened(group.name)}”"), *_channel_groups(settings.group_id)]
            guide.choices = [("", "Every source, by priority"), (NO_GUIDE, "None: no guide"), *_sources()]

    def settings(self) -> SyncSettings:
        """What was typed, checked. Raises :class:`SettingsRefused` naming the form's fields."""
        problems: dict[str, str] = {name: " ".join(map(str, errors)) for name, errors in self.errors.items()}
        data = self.cleaned_data
        numbers: dict[str, Decimal | None] = {}
        for name in ("start", "end", "fallback"):
            try:
                numbers[name] = parse_number(data.get(name) or "")
            except ValueError as error:
                problems[name] = str(error)
        guide = data.get("guide") or ""
        settings = SyncSettings(
            start=numbers.get("start"),
            end=numbers.get("end"),
            numbering=Numbering(data.get("numbering") or Numbering.FIXED),
            fallback=numbers.get("fallback") or ONE,
            compact=bool(data.get("compact")),
            include=data.get("include") or "",
            exclude=data.get("exclude") or "",
            rename_pattern=data.get("rename_pattern") or "",
            rename_to=data.get("rename_to") or "",
            sort_order=SortOrder(data.get("sort_order") or SortOrder.PROVIDER),
            sort_reverse=bool(data.get("sort_reverse")),
            group_id=int(data["group_id"]) if data.get("group_id") else None,
            guide_source_id=int(guide) if guide.isdigit() else None,
            no_guide=guide == NO_GUIDE,
        )
        try:
            check(settings)
        except SettingsRefused as refusal:
            problems = refusal.problems | problems
        if problems:
            raise SettingsRefused(problems)
        return settings

    def refuse(self, problems: dict[str, str]) -> None:
        """Put sentences beside their fields."""
        for name, sentence in problems.items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, sentence)
            if name in self.fields:
                self.fields[name].widget.attrs["class"] += " is-invalid"


def _initial(group: StreamGroup, settings: SyncSettings) -> dict[str, Any]:
    return {
        "switched_on": group.auto_channel_sync,
        "numbering": settings.numbering.value,
        "start": format_number(settings.start),
        "end": format_number(settings.end),
        "fallback": format_number(settings.fallback),
        "compact": settings.compact,
        "include": settings.include,
        "exclude": settings.exclude,
        "rename_pattern": settings.rename_pattern,
        "rename_to": settings.rename_to,
        "sort_order": settings.sort_order.value,
        "sort_reverse": settings.sort_reverse,
        "group_id": str(settings.group_id or ""),
        "guide": NO_GUIDE if settings.no_guide else str(settings.guide_source_id or ""),
    }


def _channel_groups(chosen: int | None) -> list[tuple[str, str]]:
    """All but the hidden groups; the one that is chosen stays on offer, or saving would take it away."""
    groups = groups_in_sight()
    if chosen is not None:
        groups |= ChannelGroup.objects.filter(pk=chosen)
    return [(str(pk), shortened(name, 80)) for pk, name in groups.order_by("name").values_list("pk", "name")]


def _sources() -> list[tuple[str, str]]:
    sources = GuideSource.objects.order_by("-priority", "name")
    return [(str(pk), f"Only “{shortened(name, 60)}”") for pk, name in sources.values_list("pk", "name")]
