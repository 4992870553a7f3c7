"""The form of one group's auto-sync. What is allowed is decided in :mod:`channels_app.autosync.settings`."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q

from channels_app.autosync.chosen_rows import ChosenRows, read_chosen
from channels_app.autosync.settings import (
    Numbering,
    SettingsRefused,
    SortOrder,
    SyncSettings,
    check,
)
from channels_app.groups.hidden import groups_in_sight
from channels_app.logos.choose_logo import LONGEST, NoSuchLogo, find_logo, text_of
from channels_app.models import ChannelGroup, StreamProfile
from channels_app.numbering import ONE, format_number, parse_number
from ecm_site.wording import shortened
from epg_app.models import GuideSource
from m3u_app.models import StreamGroup

NO_GUIDE = "none"
NO_PROFILE, ONLY = "none", "only"
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "class": "form-control"}
_PATTERN = {**_PLAIN, "autocapitalize": "none", "class": "form-control font-monospace"}
_NUMBER = {**_PLAIN, "inputmode": "decimal"}
_LOGO = {**_PLAIN, "maxlength": str(LONGEST), "data-sync-logo": ""}
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


def _ticks(label: str, help_text: str) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=[],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        help_text=help_text,
        error_messages={"invalid_choice": "One of these profiles no longer exists. Look at your choice again."},
    )


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
    logo = _text("One logo for all", _LOGO, "A name or address of the library. Empty: each channel has its stream's.")
    stream_profile = _select("Stream profile", [])
    profiles = _select("Channel profiles", [])
    profile_ids = _ticks("In these profiles", "Channels are in these and in no others after each sync.")

    def __init__(self, *args: Any, group: StreamGroup, settings: SyncSettings, **kwargs: Any) -> None:
        rows = read_chosen([settings])
        kwargs.setdefault("initial", _initial(group, rows.usable(settings)))
        super().__init__(*args, **kwargs)
        self.missing = rows.missing(settings)
        self._offer("group_id", [("", f"The one called “{shortened(group.name)}”"), *_channel_groups(settings.group_id)])
        self._offer("guide", [("", "Every source, by priority"), (NO_GUIDE, "None: no guide"), *_sources()])
        self._offer("stream_profile", [("", "Leave it as it is"), *_stream_profiles(settings.stream_profile_id)])
        self._offer("profiles", [("", _as_new_channels(rows)), (NO_PROFILE, "In none"), (ONLY, "Exactly those ticked")])
        self._offer("profile_ids", [(str(pk), shortened(name, 80)) for pk, name in rows.profiles.items()])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices
            if not isinstance(field, forms.MultipleChoiceField):
                field.error_messages["invalid_choice"] = "This is no longer there. Choose something else."

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
        logo_id = None
        try:
            logo = find_logo(data.get("logo") or "")
            logo_id = logo.pk if logo else None
        except NoSuchLogo as error:
            problems["logo"] = str(error)
        profile_ids = _profile_ids(data)
        if profile_ids == () and data.get("profiles") == ONLY and "profile_ids" not in problems:
            problems["profile_ids"] = "Tick at least one profile, or choose “In none”."
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
            logo_id=logo_id,
            stream_profile_id=int(data["stream_profile"]) if data.get("stream_profile") else None,
            profile_ids=profile_ids,
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
            attrs = self.fields[name].widget.attrs if name in self.fields else {}
            if "class" in attrs:
                attrs["class"] += " is-invalid"


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
        "logo": text_of(settings.logo_id),
        "stream_profile": str(settings.stream_profile_id or ""),
        "profiles": "" if settings.profile_ids is None else ONLY if settings.profile_ids else NO_PROFILE,
        "profile_ids": [str(pk) for pk in settings.profile_ids or ()],
    }


def _profile_ids(data: dict[str, Any]) -> tuple[int, ...] | None:
    """What the two fields about channel profiles say together."""
    mode = data.get("profiles") or ""
    if mode == ONLY:
        return tuple(int(pk) for pk in data.get("profile_ids") or ())
    return () if mode == NO_PROFILE else None


def _as_new_channels(rows: ChosenRows) -> str:
    if not rows.profiles:
        return "There is none yet"
    if len(rows.new_channels) == len(rows.profiles):
        return "New channels join all; others stay as they are"
    names = [f"“{shortened(rows.profiles[pk], 30)}”" for pk in rows.new_channels[:3]]
    more = f" and {len(rows.new_channels) - 3:,} more" if len(rows.new_channels) > 3 else ""
    return f"New channels join {', '.join(names)}{more}; others stay as they are"


def _stream_profiles(chosen: int | None) -> list[tuple[str, str]]:
    """Those that are switched on, and the one that is chosen."""
    found = StreamProfile.objects.filter(Q(is_active=True) | Q(pk=chosen or 0)).order_by("name")
    return [(str(one.pk), shortened(one.name, 80) + ("" if one.is_active else " (switched off)")) for one in found]


def _channel_groups(chosen: int | None) -> list[tuple[str, str]]:
    """All but the hidden groups; the one that is chosen stays on offer, or saving would take it away."""
    groups = groups_in_sight()
    if chosen is not None:
        groups |= ChannelGroup.objects.filter(pk=chosen)
    return [(str(pk), shortened(name, 80)) for pk, name in groups.order_by("name").values_list("pk", "name")]


def _sources() -> list[tuple[str, str]]:
    sources = GuideSource.objects.order_by("-priority", "name")
    return [(str(pk), f"Only “{shortened(name, 60)}”") for pk, name in sources.values_list("pk", "name")]
