"""The base of all settings forms: only what the operator changed on this page is saved, and nothing is overwritten unseen.

A page carries a fingerprint of every value it showed. On saving, a field that still holds what was shown is left alone, even
if somebody else changed it meanwhile; a field that both changed is refused once, with the other value beside it (50 S-1).
"""

import json
from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

from django import forms
from django.utils.crypto import constant_time_compare, salted_hmac

from ecm_site.conf import CHOICES, RANGES, SECRETS, EcmSettings

SEEN = "seen"
REMOVE = "remove_{}"
_SETTING_NAMES = frozenset(spec.name for spec in dataclass_fields(EcmSettings))


class SettingNumber(forms.IntegerField):
    """A whole number within the range of the setting ``name``."""

    def __init__(self, name: str, **options: Any) -> None:
        low, high = RANGES[name]
        super().__init__(min_value=low, max_value=high, **options)


class SettingChoice(forms.ChoiceField):
    """One of the values of the setting ``name``; ``words`` says how each is called, in the order of showing."""

    def __init__(self, name: str, words: Mapping[str, str], **options: Any) -> None:
        if set(words) != set(CHOICES[name]):
            raise ValueError(f"{name}: the words are for {sorted(words)}, the choices are {sorted(CHOICES[name])}")
        super().__init__(choices=list(words.items()), **options)


class SecretSetting(forms.CharField):
    """A password or key (S-2): never sent to the browser; empty keeps what is stored; a box beside it removes it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **options)


class SettingsForm(forms.Form):
    """Filled from the record. Fields are named as the settings; other fields (a box, a note) are allowed and not saved.

    ``current`` is the record as it is now. Override :meth:`to_form` and ``clean_<name>`` where form and record differ.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, *, current: EcmSettings) -> None:
        self.current = current
        shown = {name: self.to_form(name, getattr(current, name)) for name in self.setting_names() - SECRETS}
        super().__init__(data, initial=shown)
        for name in sorted(self.setting_names() & SECRETS):
            self._add_removal(name)
        self._shown = self._read_shown()
        self._conflicts: set[str] = set()

    @classmethod
    def setting_names(cls) -> set[str]:
        """The settings that this form shows."""
        return set(cls.base_fields) & _SETTING_NAMES

    @staticmethod
    def to_form(name: str, value: Any) -> Any:
        """A stored value as its field shows it."""
        return list(value) if isinstance(value, tuple) else value

    @property
    def seen(self) -> str:
        """What the page carries in the hidden field :data:`SEEN`: fingerprints, which tell nothing about the values.

        After an error a field keeps the mark of what the page first showed, except where the error itself showed a newer
        value: saving again overrules that one and nothing else.
        """
        marks = {name: _fingerprint(name, getattr(self.current, name)) for name in sorted(self.setting_names())}
        kept = {name: mark for name, mark in self._shown.items() if name in marks and name not in self._conflicts}
        return json.dumps(marks | kept)

    def is_configured(self, name: str) -> bool:
        """True when the secret ``name`` is stored."""
        return bool(getattr(self.current, name))

    def changes(self) -> dict[str, Any]:
        """What to save, in the types of the record: the fields that differ from what the page had shown, and secrets that
        were typed: the same one again may be meant for another address."""
        return {
            name: value
            for name, value in self._wanted().items()
            if not self._is_as_shown(name, value) or (name in SECRETS and value)
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, value in self._wanted().items():
            current = getattr(self.current, name)
            if (
                self._was_changed_elsewhere(name)
                and not self._is_as_shown(name, value)
                and _as_list(value) != _as_list(current)
            ):
                self._conflicts.add(name)
                others = "a new value" if name in SECRETS else f"“{self._in_words(name, current)}”"
                self.add_error(
                    name, f"This was changed to {others} after you opened the page. Save again to replace that with yours."
                )
        return values

    def _wanted(self) -> dict[str, Any]:
        """The values that the form asks for; an empty secret asks for nothing."""
        wanted: dict[str, Any] = {}
        for name in self.setting_names():
            if name not in self.cleaned_data or self.fields[name].disabled:
                continue
            value = self.cleaned_data[name]
            if name in SECRETS:
                if self.cleaned_data.get(REMOVE.format(name)):
                    wanted[name] = ""
                elif value:
                    wanted[name] = value
            else:
                wanted[name] = tuple(value) if isinstance(value, list) else value
        return wanted

    def _is_as_shown(self, name: str, value: Any) -> bool:
        shown = self._shown.get(name) or _fingerprint(name, getattr(self.current, name))
        return constant_time_compare(shown, _fingerprint(name, value))

    def _was_changed_elsewhere(self, name: str) -> bool:
        shown = self._shown.get(name)
        return bool(shown) and not constant_time_compare(str(shown), _fingerprint(name, getattr(self.current, name)))

    def _in_words(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return ", ".join(value)
        field = self.fields[name]
        words = dict(field.widget.choices) if isinstance(field.widget, forms.Select | forms.RadioSelect) else {}
        return str(words.get(value, value))

    def _read_shown(self) -> dict[str, str]:
        try:
            seen = json.loads(self.data.get(SEEN, "") or "{}")
        except ValueError:
            return {}
        return {str(name): str(mark) for name, mark in seen.items()} if isinstance(seen, dict) else {}

    def _add_removal(self, name: str) -> None:
        if not self.is_configured(name):
            return
        field = self.fields[name]
        field.widget.attrs.setdefault("placeholder", "stored; leave empty to keep it")
        names = list(self.fields)
        names.insert(names.index(name) + 1, REMOVE.format(name))  # right below the secret itself
        self.fields[REMOVE.format(name)] = forms.BooleanField(
            required=False, label=f"Remove the stored {_within_a_sentence(str(field.label))}"
        )
        self.order_fields(names)


def _within_a_sentence(label: str) -> str:
    """ "Password" → "password", but "API key" stays as it is."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _fingerprint(name: str, value: Any) -> str:
    return salted_hmac(f"settings.{name}", json.dumps(_as_list(value))).hexdigest()[:16]
