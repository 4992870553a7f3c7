"""The form of the bulk creation dialog: reads a selection and the choices of 10 §10.2 out of a request."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Max
from django.http import QueryDict

from channels_app.bulk_ids import read_ids
from channels_app.bulk_options import (
    BulkOptions,
    ConflictChoice,
    ExistingChoice,
    SectionChoice,
    Selection,
    StreamOrder,
    country_from_settings,
)
from channels_app.bulk_streams import Section, SelectedStreams
from channels_app.edit_channels import next_number_in_group
from channels_app.group_order import groups_in_order
from channels_app.models import Channel, ChannelGroup, ChannelProfile
from channels_app.naming import CountryChoice, TimezoneChoice
from channels_app.normalize_rules import current_rules
from channels_app.numbering import format_number, parse_number, suggest_start_between_groups
from channels_app.profiles.set_memberships import default_profile_ids
from ecm_site.conf import SEPARATORS, EcmSettings

MOST_SECTION_FIELDS = 100  # groups with fields of their own; further ones keep their names and continue the numbers
LONGEST_SEARCH = 200

EXISTING_CHOICES = (
    (ExistingChoice.ADD, "Add streams to it"),
    (ExistingChoice.SKIP, "Leave these streams out"),
    (ExistingChoice.CREATE, "Create anyway"),
)
CONFLICT_CHOICES = (
    (ConflictChoice.PUSH, "Push down"),
    (ConflictChoice.END, "Insert at the end"),
    (ConflictChoice.ALLOW, "Create anyway"),
    (ConflictChoice.ASK, "Ask"),
)
COUNTRY_CHOICES = (
    (CountryChoice.LEAVE, "Leave as it is"),
    (CountryChoice.KEEP, "Keep, written alike"),
    (CountryChoice.STRIP, "Remove"),
)
TIMEZONE_CHOICES = (
    (TimezoneChoice.BOTH, "East and west"),
    (TimezoneChoice.EAST, "No west feeds"),
    (TimezoneChoice.PREFER_WEST, "West where there is one"),
    (TimezoneChoice.WEST, "West feeds only"),
)
ORDER_CHOICES = ((StreamOrder.QUALITY, "Best quality first, providers in turn"), (StreamOrder.LISTED, "As listed"))
MODE_CHOICES = (("separate", "One channel group per provider group"), ("combine", "All into one channel group"))
SEPARATOR_CHOICES = tuple((sign, sign) for sign in SEPARATORS)


class BulkCreateForm(forms.Form):
    """Always bound: a dialog that opens is filled with the settings and presets, so that its preview is made like any
    other. Fields of single groups are called ``group_name_<key>`` and ``start_<key>``."""

    mode = forms.ChoiceField(choices=MODE_CHOICES)
    start = forms.CharField(required=False, max_length=40)
    group_name = forms.CharField(required=False, max_length=1000)
    across_groups = forms.BooleanField(required=False)
    existing = forms.ChoiceField(choices=EXISTING_CHOICES)
    conflict = forms.ChoiceField(choices=CONFLICT_CHOICES, required=False)  # not chosen yet = ask
    timezone = forms.ChoiceField(choices=TIMEZONE_CHOICES)
    country = forms.ChoiceField(choices=COUNTRY_CHOICES)
    country_separator = forms.ChoiceField(choices=SEPARATOR_CHOICES)
    prefix_order = forms.ChoiceField(choices=(("number", "Number first"), ("country", "Country first")))
    network_prefix = forms.BooleanField(required=False)
    network_suffix = forms.BooleanField(required=False)
    number_in_name = forms.BooleanField(required=False)
    number_separator = forms.ChoiceField(choices=SEPARATOR_CHOICES)
    keep_quality = forms.BooleanField(required=False)
    stream_order = forms.ChoiceField(choices=ORDER_CHOICES)
    normalize = forms.BooleanField(required=False)
    profiles = forms.TypedMultipleChoiceField(
        coerce=int, required=False, error_messages={"invalid_choice": "This profile no longer exists. Open this dialog again."}
    )

    def __init__(self, data: Mapping[str, Any], sections: Sequence[Section], settings: EcmSettings) -> None:
        super().__init__(data)
        self.settings = settings
        self.sections = sections[:MOST_SECTION_FIELDS]
        for section in self.sections:
            self.fields[f"group_name_{section.key}"] = forms.CharField(required=False, max_length=1000)
            self.fields[f"start_{section.key}"] = forms.CharField(required=False, max_length=40)
        self.fields["profiles"].choices = profile_choices()  # type: ignore[attr-defined]
        self.starts: dict[str, Decimal | None] = {}
        self.is_valid()

    @property
    def is_separate(self) -> bool:
        """One provider group has nothing to separate."""
        return self.cleaned_data.get("mode") == "separate" and len(self.sections) > 1

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if name == "start" or name.startswith("start_"):
                self.starts[name] = self._number(name)
            elif name == "group_name" or name.startswith("group_name_"):
                text = self.cleaned_data.get(name, "")
                self.cleaned_data[name] = " ".join(text.split())
        return self.cleaned_data

    def options(self) -> BulkOptions:
        """The choices; those that cannot be read stand at their default, and :meth:`problems` names them."""
        chosen = self.cleaned_data
        settings = self.settings
        return BulkOptions(
            separate=self.is_separate,
            start=None if self.is_separate else self.starts.get("start"),
            group_name=chosen.get("group_name", ""),
            sections={
                section.key: SectionChoice(
                    chosen.get(f"group_name_{section.key}", section.name), self.starts.get(f"start_{section.key}")
                )
                for section in self.sections
            },
            across_groups=chosen.get("across_groups", True),
            existing=ExistingChoice(chosen.get("existing", ExistingChoice.ADD)),
            conflict=ConflictChoice(chosen.get("conflict") or ConflictChoice.ASK),
            timezone=TimezoneChoice(chosen.get("timezone", settings.timezone_preference)),
            country=CountryChoice(chosen.get("country", country_from_settings(settings))),
            country_separator=chosen.get("country_separator", settings.country_separator),
            country_first=chosen.get("prefix_order") == "country",
            network_prefix=chosen.get("network_prefix", False),
            network_suffix=chosen.get("network_suffix", False),
            number_in_name=chosen.get("number_in_name", False),
            number_separator=chosen.get("number_separator", settings.channel_number_separator),
            keep_quality=chosen.get("keep_quality", False),
            stream_order=StreamOrder(chosen.get("stream_order", StreamOrder.QUALITY)),
            custom_prefixes=settings.custom_network_prefixes,
            custom_suffixes=settings.custom_network_suffixes,
            rules=current_rules() if chosen.get("normalize") else None,
            profile_ids=tuple(chosen.get("profiles", ())),
        )

    def problems(self) -> dict[str, str]:
        """Field name → sentence, for what could not be read. Starts of groups count in separate mode only."""
        irrelevant = {"start", "group_name"} if self.is_separate else set(self._section_fields())
        return {name: " ".join(map(str, errors)) for name, errors in self.errors.items() if name not in irrelevant}

    def _section_fields(self) -> Iterable[str]:
        for section in self.sections:
            yield f"start_{section.key}"
            yield f"group_name_{section.key}"

    def _number(self, name: str) -> Decimal | None:
        try:
            return parse_number(self.cleaned_data.get(name, ""))
        except ValueError as error:
            self.add_error(name, str(error))
            return None


def opening_data(selected: SelectedStreams, selection: Selection, preset: QueryDict, settings: EcmSettings) -> dict[str, Any]:
    """The values a dialog opens with: presets of 10 §10.1 over the settings of 10 §1.3."""
    whole_groups = bool(selection.group_ids or selection.account_ids)
    target = next(iter(read_ids([preset.get("group") or ""])), None)  # the channel group something was dropped on
    group_name = selected.sections[0].name if whole_groups and len(selected.sections) == 1 else ""
    start = (preset.get("start") or "")[:40] or _start_behind(preset.get("behind") or "")
    if target is not None:
        group_name = ChannelGroup.objects.filter(pk=target).values_list("name", flat=True).first() or ""
        start = start or format_number(next_number_in_group(target or None))
    data: dict[str, Any] = {
        "mode": "separate" if whole_groups and target is None and len(selected.sections) > 1 else "combine",
        "start": start,
        "group_name": group_name,
        "across_groups": True,
        "existing": ExistingChoice.ADD,
        "conflict": ConflictChoice.ASK,
        "timezone": settings.timezone_preference,
        "country": country_from_settings(settings),
        "country_separator": settings.country_separator,
        "prefix_order": "number",
        "number_in_name": settings.include_channel_number_in_name,
        "number_separator": settings.channel_number_separator,
        "stream_order": StreamOrder.QUALITY,
        "normalize": settings.normalize_on_channel_create,
        "profiles": [str(pk) for pk in default_profile_ids()],
    }
    for place, section in enumerate(selected.sections[:MOST_SECTION_FIELDS]):
        data[f"group_name_{section.key}"] = section.name
        data[f"start_{section.key}"] = start if place == 0 else ""
    return data


def profile_choices() -> list[tuple[str, str]]:
    """Channel profiles as a form offers them, by name."""
    return [(str(pk), name) for pk, name in ChannelProfile.objects.order_by("name", "pk").values_list("pk", "name")]


def _start_behind(place: str) -> str:
    """The start for what was dropped between two groups (10 §6): ``place`` is the group in front, 0 for Uncategorized, or
    "first"; "" when there is no such drop or the group is gone."""
    if place == "first":
        return "1"
    front = next(iter(read_ids([place])), None)
    order = [None, *(group.pk for group in groups_in_order())]
    if front is None or (front or None) not in order:
        return ""
    before = order[: order.index(front or None) + 1]
    highest = dict(Channel.objects.order_by().values_list("group_id").annotate(highest=Max("number")))
    return format_number(suggest_start_between_groups([[highest.get(pk)] for pk in before]))


def read_selected(values: QueryDict) -> Selection:
    """The selection in a request: ``stream``, ``stream_group``, ``account``, ``except`` (ids, ranges) and ``search``."""
    return Selection(
        stream_ids=read_ids(values.getlist("stream")),
        group_ids=read_ids(values.getlist("stream_group")),
        account_ids=read_ids(values.getlist("account")),
        excluded_ids=frozenset(read_ids(values.getlist("except"))),
        search=(values.get("search") or "").replace("\x00", "").strip()[:LONGEST_SEARCH],
    )
