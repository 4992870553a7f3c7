"""The forms of CSV import and export."""

from typing import Any

from django import forms
from django.http import QueryDict

from channels_app.lineup_csv.options import KEY_LABELS, MODE_LABELS, ImportOptions, Mode, options_from

MODE_HELP = {
    Mode.CREATE: "Nothing that exists is touched.",
    Mode.UPDATE: "Rows are compared with the channels that you have; columns that the file lacks stay as they are.",
    Mode.REPLACE: "Every group that the file names then holds exactly the file's rows: its other channels are deleted.",
}


class CsvImportForm(forms.Form):
    mode = forms.ChoiceField(
        label="What to do with the rows", choices=[(mode.value, label) for mode, label in MODE_LABELS.items()], required=False
    )
    key = forms.ChoiceField(
        label="A row is about the channel with the same",
        choices=[(key.value, label) for key, label in KEY_LABELS.items()],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    create_missing = forms.BooleanField(label="Create channels for rows that match none", required=False)
    clear_empty = forms.BooleanField(label="An empty cell empties the value; otherwise it stays", required=False)
    logos_from_guide = forms.BooleanField(label="New channels without a logo take the guide's", required=False)

    @classmethod
    def read(cls, values: QueryDict) -> "CsvImportForm":
        """The form as it was sent; before it was shown once (no ``mode``) with the defaults."""
        if "mode" in values:
            return cls(values)
        return cls(ImportOptions().as_values())

    def options(self) -> ImportOptions:
        self.is_valid()
        values: dict[str, Any] = self.cleaned_data
        return options_from(values)

    def sent(self) -> dict[str, str]:
        """The choices as they stand in an address."""
        return {
            name: "on" if value is True else value for name, value in self.options().as_values().items() if value is not False
        }

    @property
    def modes(self) -> list[tuple[str, str, str, bool]]:
        """(value, label, help, chosen) of every mode."""
        chosen = self.options().mode
        return [(mode.value, label, MODE_HELP[mode], mode is chosen) for mode, label in MODE_LABELS.items()]

    @property
    def compares(self) -> bool:
        return self.options().mode is not Mode.CREATE

    @property
    def updates(self) -> bool:
        return self.options().mode is Mode.UPDATE
