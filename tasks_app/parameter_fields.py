"""Form fields that tasks describe their parameters with (50 §1.3), beyond those of Django."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms

ALL_SUFFIX = "-all"


@dataclass(frozen=True)
class Name:
    """Something that can be chosen. ``badge`` is one word about it: "off", "auto"."""

    pk: int | str
    label: str
    badge: str = ""


class NameLabel(str):
    """The label of a choice that also carries its badge to the template."""

    badge: str

    def __new__(cls, label: str, badge: str = "") -> "NameLabel":
        made = super().__new__(cls, label)
        made.badge = badge
        return made


class NamesInput(forms.CheckboxSelectMultiple):
    """Two radio buttons, "all" and "only these", and the boxes. An answer without radio buttons is the list alone."""

    is_names = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        whole = data.get(name + ALL_SUFFIX)
        if whole == "1":
            return NamesField.ALL
        chosen = super().value_from_datadict(data, files, name)
        return chosen or (NamesField.NONE if whole == "0" else chosen)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class NamesField(forms.TypedMultipleChoiceField):
    """Ids of things with live names: all of them, also those that come later, or only the ones chosen (T-3).

    ``names`` is asked each time the field is made. ``all_value`` is what "all" is stored as: an empty list (then none
    chosen is an error), or None (then an empty list means none).
    """

    ALL: list[str] = ["*all*"]
    NONE: list[str] = ["*none*"]

    def __init__(
        self,
        *,
        names: Callable[[], Iterable[Name]],
        all_words: str,
        all_value: list[int] | None = None,
        none_allowed: bool = False,
        coerce: Callable[[Any], Any] = int,
        **options: Any,
    ) -> None:
        self.all_words = all_words
        self.all_value: list[int] | None = None if none_allowed else (all_value or [])
        self.none_allowed = none_allowed
        choices = [(name.pk, NameLabel(name.label, name.badge)) for name in names()]
        super().__init__(choices=choices, coerce=coerce, required=False, widget=NamesInput, empty_value=[], **options)

    @property
    def known(self) -> set[Any]:
        """The ids that can be chosen now."""
        return {key for key, _label in self.choices}  # type: ignore[misc, union-attr]

    def is_all(self, value: Any) -> bool:
        """Whether a stored or a typed value means all."""
        return value in (self.ALL, self.all_value) or (value is None and not self.none_allowed)

    def clean(self, value: Any) -> Any:
        """Raise a ValidationError for ids that do not exist, and for none where none makes no sense."""
        if value == self.NONE:
            if not self.none_allowed:
                raise forms.ValidationError(f"Choose at least one, or “{self.all_words}”.")
            return []
        return self.all_value if self.is_all(value) else super().clean(value)
