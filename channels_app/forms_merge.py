"""What the merged channel shall be (10 §15.3): every value comes from one of the sources, or is typed."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from channels_app.models import StreamProfile
from channels_app.snapshots import Snapshot
from ecm_site.wording import shortened

NEW = "new"
FIELD_NAMES = {"group_id": "group", "guide_entry_id": "guide_entry", "stream_profile_id": "stream_profile", "logo_url": "logo"}
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class MergeForm(forms.Form):
    """Choices are made of the sources; ``proposed`` is what is chosen at first (:func:`merge_new.proposed_fields`)."""

    into = forms.ChoiceField(label="Into")
    name = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "list": "merge-names"}))
    number = forms.CharField(
        required=False, widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal", "list": "merge-numbers"})
    )
    group = forms.ChoiceField()
    tvg_id = forms.ChoiceField(label="TVG-ID", required=False)
    gracenote_id = forms.ChoiceField(label="Gracenote id", required=False)
    guide_entry = forms.ChoiceField(label="Guide", required=False)
    stream_profile = forms.ChoiceField(label="Stream profile", required=False)
    logo = forms.ChoiceField(required=False, widget=forms.RadioSelect(attrs={"class": "form-check-input"}))

    def __init__(self, sources: Mapping[int, Snapshot], proposed: Mapping[str, Any], data: QueryDict | None) -> None:
        names = {
            "group": "group_id",
            "guide_entry": "guide_entry_id",
            "stream_profile": "stream_profile_id",
            "logo": "logo_url",
        }
        initial = {name: proposed.get(names.get(name, name)) for name in self.base_fields if name != "into"}
        initial = {name: "" if value is None else str(value) for name, value in initial.items()}
        super().__init__(data, initial={**initial, "into": NEW})
        every = list(sources.values())
        self.names = list(dict.fromkeys(item["name"] for item in every))
        self.numbers = list(dict.fromkeys(item["number"] for item in every if item["number"]))
        self._choices("into", [(NEW, "A new channel"), *((str(pk), _called(item)) for pk, item in sources.items())])
        groups = {"" if item["group_id"] is None else str(item["group_id"]): item["group"] or "Uncategorized" for item in every}
        self.fields["group"].required = False
        self._choices("group", [*groups.items(), *([] if "" in groups else [("", "Uncategorized")])])
        for name, label in (("tvg_id", "No TVG-ID"), ("gracenote_id", "No Gracenote id")):
            self._choices(name, [*((value, value) for value in _values(every, name)), ("", label)])
        guide = {str(item["guide_entry_id"]): item["guide_entry"] or "" for item in every if item["guide_entry_id"]}
        self._choices("guide_entry", [*guide.items(), ("", "No guide entry")])
        profiles = StreamProfile.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
        self._choices("stream_profile", [("", "Default"), *((str(pk), name) for pk, name in profiles)])
        self._choices("logo", [*((value, value) for value in _values(every, "logo_url")), ("", "No logo")])
        if initial["stream_profile"] not in dict(self.fields["stream_profile"].choices):  # type: ignore[attr-defined]
            self.initial["stream_profile"] = ""  # it was switched off since

    @property
    def keeps(self) -> int | None:
        """The channel that is merged into, None for a new one."""
        chosen = str(self["into"].value() or NEW)
        return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None

    def fields_of_new(self) -> dict[str, object]:
        """The values for the use case."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "number": values["number"],
            "group_id": values["group"],
            "tvg_id": values["tvg_id"],
            "gracenote_id": values["gracenote_id"],
            "guide_entry_id": values["guide_entry"],
            "stream_profile_id": values["stream_profile"],
            "logo_url": values["logo"],
        }

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


def _values(sources: list[Snapshot], name: str) -> list[str]:
    return list(dict.fromkeys(item[name] for item in sources if item[name]))


def _called(snapshot: Snapshot) -> str:
    number = f"{snapshot['number']} " if snapshot["number"] else ""
    return f"Keep {number}{shortened(snapshot['name'])}"
