"""The form of one alert method: its channel's fields, severities, times, and what it wants to hear about (50 §4.5)."""

from collections.abc import Mapping
from typing import Any

from django import forms

from tasks_app.alerts.channel import Channel, Field
from tasks_app.alerts.entities import entities_of, task_names
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.source_filter import (
    ALL,
    ALL_EXCEPT,
    EPG,
    M3U,
    ONLY_SELECTED,
    EntityChoice,
    SourceFilter,
    read_filter,
)
from tasks_app.models import AlertMethod

MODE_WORDS = ((ALL, "all"), (ONLY_SELECTED, "only those chosen"), (ALL_EXCEPT, "all but those chosen"))
CATEGORIES = ((M3U, "m3u", "M3U accounts"), (EPG, "epg", "Guides"))
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class MethodForm(forms.Form):
    """Fields of the channel are named ``config_<name>``. Values are checked by the use case, not here."""

    name = forms.CharField(label="Name", max_length=100, help_text="Only you see it.")
    enabled = forms.BooleanField(label="Send alerts here", required=False, initial=True)
    notify_error = forms.BooleanField(label="Errors", required=False, initial=True)
    notify_warning = forms.BooleanField(label="Warnings", required=False, initial=True)
    notify_success = forms.BooleanField(label="Successes", required=False, initial=True)
    notify_info = forms.BooleanField(label="Information", required=False)
    errors_skip_window = forms.BooleanField(
        label="Send errors at once", required=False, help_text="Without collecting them with other alerts first."
    )
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label="Quiet until", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    errors_pass_quiet = forms.BooleanField(label="Errors come through in quiet hours", required=False, initial=True)

    def __init__(self, data: Mapping[str, Any] | None = None, *, channel: Channel, method: AlertMethod | None = None) -> None:
        super().__init__(data)
        self.channel = channel
        self.method = method
        stored = stored_values(method) if method is not None else {}
        for field in channel.fields:
            self.fields[f"config_{field.name}"] = _form_field(field, stored)
        self._add_filter(read_filter(method.alert_sources) if method is not None else SourceFilter())
        if method is None:
            self.initial["name"] = channel.label if channel.type != "apprise" else ""
        else:
            for name in self.base_fields:
                self.initial[name] = getattr(method, name)

    def values(self) -> dict[str, Any]:
        """What the use case takes."""
        cleaned = self.cleaned_data
        names = [name for name in self.base_fields if name != "name"]
        return {
            "name": cleaned["name"],
            **{name: cleaned[name] for name in names},
            "config": self.config(),
            "alert_sources": self.source_filter().as_text(),
        }

    def config(self) -> dict[str, Any]:
        """The channel's values as they were typed; also for testing them unsaved (A-8)."""
        return {field.name: self.cleaned_data.get(f"config_{field.name}", "") for field in self.channel.fields}

    def source_filter(self) -> SourceFilter:
        cleaned = self.cleaned_data
        entities = {
            category: EntityChoice(
                cleaned[f"{short}_enabled"], cleaned[f"{short}_mode"], frozenset(int(pk) for pk in cleaned[f"{short}_ids"])
            )
            for category, short, _label in CATEGORIES
        }
        return SourceFilter(
            entities=entities,
            probe_enabled=cleaned["probe_enabled"],
            min_failures=1 if cleaned["probe_min"] is None else cleaned["probe_min"],
            tasks=EntityChoice(True, cleaned["task_mode"], frozenset(cleaned["task_ids"])),
        )

    def add_problem(self, field: str, message: str) -> None:
        """Show what the use case found beside its field."""
        name = f"config_{field}" if f"config_{field}" in self.fields else field
        self.add_error(name if name in self.fields else None, message)

    @property
    def config_fields(self) -> list[forms.BoundField]:
        return [self[f"config_{field.name}"] for field in self.channel.fields]

    @property
    def severity_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("notify_error", "notify_warning", "notify_success", "notify_info")]

    @property
    def filter_parts(self) -> list[dict[str, Any]]:
        """For the template: one part per category with its switch, mode and choices."""
        parts: list[dict[str, Any]] = [
            {"label": label, "enabled": self[f"{short}_enabled"], "mode": self[f"{short}_mode"], "ids": self[f"{short}_ids"]}
            for _category, short, label in CATEGORIES
        ]
        parts.append({"label": "Tasks", "enabled": None, "mode": self["task_mode"], "ids": self["task_ids"]})
        return parts

    @property
    def has_filter(self) -> bool:
        """Whether the editor of the source filter is worth opening."""
        names = ("m3u_", "epg_", "probe_", "task_")
        set_before = bool(self.method is not None and self.method.alert_sources)
        return set_before or any(name.startswith(names) for name in self.errors)

    def _add_filter(self, current: SourceFilter) -> None:
        for category, short, label in CATEGORIES:
            choice = current.entities.get(category, EntityChoice())
            self._add(
                f"{short}_enabled", forms.BooleanField(label="Tell about their refreshes", required=False), choice.enabled
            )
            self._add_choice(short, label, choice, entities_of(category))
        self._add_choice("task", "Tasks", current.tasks or EntityChoice(), task_names())
        self._add(
            "probe_enabled",
            forms.BooleanField(label="Tell about probes that found dead streams", required=False),
            current.probe_enabled is not False,
        )
        self._add(
            "probe_min",
            forms.IntegerField(label="From this many failures", required=False, min_value=0, max_value=1_000_000),
            current.min_failures,
        )

    def _add_choice(self, short: str, label: str, choice: EntityChoice, known: list[Any]) -> None:
        gone = [(pk, f"(deleted: {pk})") for pk in sorted(choice.ids - {pk for pk, _name in known}, key=str)]
        choices = [(str(pk), name) for pk, name in [*known, *gone]]
        self._add(f"{short}_mode", forms.ChoiceField(label=f"{label}: which", choices=MODE_WORDS, required=False), choice.mode)
        field = forms.MultipleChoiceField(
            label=f"{label}: chosen",
            choices=choices,
            required=False,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        )
        self._add(f"{short}_ids", field, [str(pk) for pk in choice.ids])

    def _add(self, name: str, field: forms.Field, initial: Any) -> None:
        self.fields[name] = field
        self.initial[name] = initial

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for short in ("m3u", "epg", "task"):
            values[f"{short}_mode"] = values.get(f"{short}_mode") or ALL
            if (
                values[f"{short}_mode"] == ONLY_SELECTED
                and not values.get(f"{short}_ids")
                and f"{short}_ids" not in self.errors
            ):
                self.add_error(f"{short}_ids", "Choose at least one; with none chosen nothing would ever be sent.")
        return values


def _form_field(field: Field, stored: Mapping[str, Any]) -> forms.Field:
    value = stored.get(field.name, field.default)
    common: dict[str, Any] = {"label": field.label, "help_text": field.help_text, "required": False}
    if field.kind == "bool":
        return forms.BooleanField(**common, initial=value)
    if field.kind == "choice":
        return forms.ChoiceField(**common, choices=field.choices, initial=value)
    if field.kind == "addresses":
        widget = forms.Textarea(attrs={**_PLAIN, "rows": 2, "data-recipients": "", "placeholder": field.placeholder})
        shown = ", ".join(value) if isinstance(value, list) else value
        return forms.CharField(**common, max_length=20_000, widget=widget, initial=shown)
    if field.kind == "secret":
        placeholder = "stored; leave empty to keep it" if stored.get(field.name) else field.placeholder
        attributes = {"autocomplete": "new-password", "spellcheck": "false", "placeholder": placeholder}
        return forms.CharField(**common, max_length=2000, widget=forms.PasswordInput(render_value=False, attrs=attributes))
    attributes = {**_PLAIN, "placeholder": field.placeholder}
    return forms.CharField(**common, max_length=500, widget=forms.TextInput(attrs=attributes), initial=value)
