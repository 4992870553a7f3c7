"""The form of Settings → M3U Digest."""

import json
from typing import Any

from django import forms

from m3u_app.digest.models import Frequency
from m3u_app.digest.values import HIGHEST_THRESHOLD, NAMES, DigestSettings, InvalidDigest, checked

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_LISTS = ("exclude_group_patterns", "exclude_stream_patterns")


class DigestForm(forms.Form):
    """Fields are named as the settings. Patterns stand one a line.

    The page carries what it showed: a field that still holds that is left alone, even if somebody else changed it meanwhile,
    and one that both changed is refused once.
    """

    enabled = forms.BooleanField(required=False, label="Send a digest of what changes at the providers")
    frequency = forms.ChoiceField(
        label="How often", choices=Frequency.choices, help_text="Saving makes or changes the schedule that belongs to it."
    )
    send_time = forms.TimeField(
        label="At",
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Write a time from 00:00 to 23:59, such as 08:00."},
        help_text="For “every day” and “every week”.",
    )
    send_weekday = forms.TypedChoiceField(
        label="On", coerce=int, choices=list(enumerate(_WEEKDAYS)), help_text="For “every week”."
    )
    email_recipients = forms.CharField(
        label="E-mail to",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 2, "placeholder": "you@example.org, me@example.org"}),
        help_text="With commas, semicolons or line breaks between. Empty = no mail.",
    )
    send_to_discord = forms.BooleanField(
        required=False, label="Discord", help_text="The webhook of Notification Settings, else the first Discord method."
    )
    send_to_telegram = forms.BooleanField(
        required=False, label="Telegram", help_text="The chat of Notification Settings, else the first Telegram method."
    )
    send_to_alert_methods = forms.BooleanField(
        required=False,
        label="Alert methods",
        help_text="A short form goes to every method that takes messages of the kind “info”.",
    )
    include_group_changes = forms.BooleanField(required=False, label="Groups that come, go or are renamed")
    include_stream_changes = forms.BooleanField(required=False, label="Streams that come, go or change")
    show_detailed_list = forms.BooleanField(required=False, label="List groups and streams", help_text="Off: numbers alone.")
    min_changes_threshold = forms.IntegerField(
        label="Wait for at least so many changes",
        min_value=1,
        max_value=HIGHEST_THRESHOLD,
        help_text="A change is a line of the page “Changes”. With fewer, they wait for the next digest.",
    )
    exclude_group_patterns = forms.CharField(
        label="Leave out groups",
        required=False,
        strip=False,
        max_length=60_000,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 3, "class": "font-monospace", "placeholder": r"ESPN\+"}),
        help_text="Regular expressions, one a line, found anywhere in the name, in capitals or not.",
    )
    exclude_stream_patterns = forms.CharField(
        label="Leave out streams",
        required=False,
        strip=False,
        max_length=60_000,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 3, "class": "font-monospace", "placeholder": "PPV"}),
        help_text="The same for the names of streams. A change of which no stream is left is left out as well.",
    )

    def __init__(self, data: Any = None, *, current: DigestSettings) -> None:
        shown = current.values()
        for name in _LISTS:
            shown[name] = "\n".join(shown[name])
        shown["email_recipients"] = ", ".join(shown["email_recipients"])
        super().__init__(data, initial=shown)
        self._current = current
        self.settings = current
        """What is to be stored, once the form is valid."""

    def clean(self) -> dict[str, Any]:
        """Everything else is checked where programs' values are checked too."""
        given = super().clean() or {}
        values = {name: given[name] for name in NAMES if name in given}
        if "send_time" in values:
            values["send_time"] = values["send_time"].strftime("%H:%M")
        for name in _LISTS:
            if name in values:
                values[name] = [line.strip("\r") for line in values[name].split("\n")]
        try:
            wanted = checked(values, self._current).values()
        except InvalidDigest as problem:
            for name, texts in problem.errors.items():
                self.add_error(name or None, texts)
            return given
        self.settings = checked(self._own(wanted), self._current)
        return given

    @property
    def marks(self) -> str:
        """What the page carries. After an error a field keeps what was first shown, except where the error showed a newer."""
        now = self._current.values()
        if not self.is_bound:
            return json.dumps(now)
        shown = self._shown()
        return json.dumps({name: now[name] if name in self.errors else shown.get(name, now[name]) for name in now})

    def _own(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What was changed on this page; what somebody else changed too becomes an error."""
        shown, now = self._shown(), self._current.values()
        own = {name: value for name, value in wanted.items() if value != shown.get(name, now[name])}
        for name, value in own.items():
            if shown.get(name, now[name]) != now[name] != value:
                self.add_error(
                    name, "This was changed elsewhere after you opened the page. Save again to replace that with yours."
                )
        return own

    def _shown(self) -> dict[str, Any]:
        try:
            found = json.loads(self.data.get("seen") or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
