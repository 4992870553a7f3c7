"""The form of one filter. What is allowed is decided in :mod:`m3u_app.edit_filters`."""

from typing import Any

from django import forms

from m3u_app.edit_filters import VALUE_FIELDS, FilterRefused, FilterValues, check
from m3u_app.models import FilterTarget, StreamFilter


class FilterForm(forms.Form):
    """Add or edit a filter."""

    exclude = forms.ChoiceField(label="Do", choices=(("1", "Drop"), ("0", "Keep")), initial="1", required=False)
    filter_type = forms.ChoiceField(
        label="Where the", choices=FilterTarget.choices, initial=FilterTarget.GROUP.value, required=False
    )
    regex_pattern = forms.CharField(
        label="Matches",
        strip=False,
        required=False,
        max_length=5000,  # the use case says how long it may be, in better words
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}),
        help_text="A regular expression, found anywhere: news, ^HBO, \\.mkv$, A|B|C. .* is everything.",
    )
    case_sensitive = forms.BooleanField(label="Capitals matter", required=False, initial=True)
    enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def __init__(self, *args: Any, stored: StreamFilter | None = None, **kwargs: Any) -> None:
        if stored is not None:
            values = {name: getattr(stored, name) for name in VALUE_FIELDS}
            kwargs.setdefault("initial", {**values, "exclude": "1" if stored.exclude else "0"})
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = {"exclude": "form-select", "filter_type": "form-select", "regex_pattern": "form-control font-monospace"}
            field.widget.attrs["class"] = widget.get(name, "form-check-input")

    def values(self) -> FilterValues:
        """What was typed. Only of a form that was cleaned."""
        data = self.cleaned_data
        return FilterValues(
            filter_type=data.get("filter_type") or "",
            regex_pattern=data.get("regex_pattern") or "",
            exclude=data.get("exclude") != "0",
            case_sensitive=bool(data.get("case_sensitive")),
            enabled=bool(data.get("enabled")),
        )

    def clean(self) -> dict[str, Any]:
        try:
            check(self.values())
        except FilterRefused as refusal:
            self.refuse(refusal)
        return self.cleaned_data

    def refuse(self, refusal: FilterRefused) -> None:
        """Put the sentences of a refusal beside their fields."""
        for name, sentence in refusal.errors.items():
            if name not in self.errors:
                self.add_error(name, sentence)

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is not None:
            self.fields[field].widget.attrs["class"] += " is-invalid"
