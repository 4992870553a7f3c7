"""Forms of the dialogs that number groups or the whole lineup (10 §8.6, §8.7, §8.9)."""

from collections.abc import Iterable

from django import forms

from channels_app.models import ChannelGroup

_NUMBER = {"autocomplete": "off", "spellcheck": "false", "inputmode": "decimal"}
LAST = "last"


def start_field(label: str = "Starting number", *, autofocus: bool = False) -> forms.CharField:
    attributes = {**_NUMBER, "autofocus": True} if autofocus else _NUMBER
    return forms.CharField(label=label, required=False, max_length=40, widget=forms.TextInput(attrs=attributes))


class ReorderGroupsForm(forms.Form):
    """``before``: the group that will stand behind the moved ones, or :data:`LAST`."""

    before = forms.ChoiceField(label="Place")
    numbers = forms.ChoiceField(choices=[("keep", "keep"), ("suggested", "suggested"), ("custom", "custom")])
    start = start_field()

    def set_places(self, groups: Iterable[ChannelGroup]) -> None:
        """Offer a place in front of each of ``groups``, and the last one."""
        choices = [(str(group.pk), f"In front of {group.name}") for group in groups]
        self.fields["before"].choices = [*choices, (LAST, "Last")]  # type: ignore[attr-defined]


class SortGroupForm(forms.Form):
    start = start_field(autofocus=True)
    ignore_numbers = forms.BooleanField(label="Ignore numbers in names when sorting", required=False)
    ignore_country = forms.BooleanField(label="Ignore countries in front of names when sorting", required=False)
    update_names = forms.BooleanField(label="Update numbers in names", required=False)


class RenumberAllForm(forms.Form):
    """Own starts of groups are fields ``start_<group id>``; they are read by the view, as groups come and go."""

    start = start_field("Starting number of the first group", autofocus=True)
    update_names = forms.BooleanField(label="Update numbers in names", required=False)
