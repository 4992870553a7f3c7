"""Reads what the library's pages send."""

from django import forms
from django.http import QueryDict

from channels_app.logos.library import PAGE_SIZES, SHOWN, SORTS, LogoFilter
from channels_app.logos.pictures import LARGEST_FILE

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
MOST_FILES = 50
UPLOAD_HELP = f"PNG, JPEG, GIF, WebP or SVG, up to {LARGEST_FILE // 1_048_576} MB each."


class LogoForm(forms.Form):
    """A logo under an address."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True}),
    )
    url = forms.CharField(
        label="Address",
        required=False,
        widget=forms.TextInput(
            attrs={**_PLAIN, "inputmode": "url", "placeholder": "https://", "required": True, "data-logo-typed": ""}
        ),
    )


class RepairForm(forms.Form):
    """What channels with a broken logo get instead."""

    how = forms.ChoiceField(
        label="The channels get",
        widget=forms.RadioSelect,
        choices=[
            ("either", "The picture of their guide entry, else of their first stream"),
            ("guide", "The picture of their guide entry"),
            ("stream", "The picture of their first stream"),
            ("url", "The picture under another address"),
            ("clear", "No logo"),
        ],
    )
    url = forms.CharField(
        label="Other address",
        required=False,
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url", "placeholder": "https://"}),
    )
    delete = forms.BooleanField(label="Delete broken logos that no channel uses then", required=False)


def read_filter(values: QueryDict) -> LogoFilter:
    """The list's parameters; anything malformed counts as not given."""
    size, page = _whole(values.get("size", "")), _whole(values.get("page", ""))
    only, sort = values.get("only", ""), values.get("sort", "")
    return LogoFilter(
        text=values.get("q", "").replace("\x00", "").strip()[:200],
        only=only if only in SHOWN else "",
        sort=sort if sort in SORTS else "name",
        size=size if size in PAGE_SIZES else 50,
        page=max(1, page),
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
