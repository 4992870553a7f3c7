"""What the forms of accounts and guide sources have in common: secrets that are never shown, and an upload that waits."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import QueryDict

from ecm_site.masking import MASK, mask_text
from ecm_site.refusals import ValuesRefused
from m3u_app.feeds.sealed_secrets import seal, unseal
from m3u_app.store_upload import PendingUpload, UploadRefused, display_name, find_pending, is_upload, receive_upload

_MASK_EDITED = "*** stands for a hidden login. Type the whole address, or put it back as it was to keep the stored one."


class FeedForm(forms.Form):
    """Secrets are never rendered: an address shows masked, a password box is empty, and both mean "as it was" when they
    come back like that. What was typed into a form that had errors travels encrypted in ``sealed``, a file as
    ``upload_token``.

    A subclass has boxes ``name``, ``file_path``, ``password``, the two that it names here, and calls :meth:`dress` at the
    end of its ``__init__``.
    """

    purpose: ClassVar[str]
    """Whose sealed secrets it takes."""
    url_box: ClassVar[str]
    file_box: ClassVar[str]
    folded: ClassVar[tuple[str, ...]]
    """Boxes that are folded away at first."""

    sealed = forms.CharField(widget=forms.HiddenInput, required=False)
    upload_token = forms.CharField(widget=forms.HiddenInput, required=False)

    pending: PendingUpload | None = None

    @property
    def stored(self) -> Any:
        """The row whose secrets and file empty boxes keep; None when there is none, or it is of another kind."""
        raise NotImplementedError

    @property
    def takes_file(self) -> bool:
        """Whether the kind that is chosen has a box for a file."""
        raise NotImplementedError

    def receive(self, name: str, chunks: Iterable[bytes]) -> PendingUpload:
        """Keep the file that was uploaded. Raises ``UploadRefused``."""
        return receive_upload(name, chunks)

    def settle(self) -> None:
        """Let the use cases say what is wrong with the values. Raises :class:`ValuesRefused`."""
        raise NotImplementedError

    def refuse(self, refusal: ValuesRefused) -> None:
        """Put the sentences of a refusal beside their fields."""
        raise NotImplementedError

    @property
    def has_errors_in_more(self) -> bool:
        """Whether a box that is folded away needs attention."""
        return any(name in self.errors for name in self.folded)

    @property
    def kept_upload(self) -> str:
        """Name of the file that belongs to the form or the stored row already; empty when there is none."""
        if self.pending is not None:
            return self.pending.name
        path = self.stored.file_path if self.stored else ""
        return display_name(path) if is_upload(path) else ""

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is not None:
            attrs = self.fields[field].widget.attrs
            attrs["class"] = f"{attrs.get('class', '')} is-invalid".strip()

    def clean(self) -> dict[str, Any]:
        self._take_upload()
        self._seal()
        if MASK in (self.typed_url() or ""):
            self.add_error(self.url_box, _MASK_EDITED)
            return self.cleaned_data
        try:
            self.settle()
        except ValuesRefused as refusal:
            self.refuse(refusal)
        return self.cleaned_data

    def typed_url(self) -> str | None:
        """The address as it was meant: the mask that we showed stands for what it hides. None = the stored one."""
        typed = self.cleaned_data.get(self.url_box) or ""
        hidden = self.typed_secrets.get(self.url_box, "")
        if hidden and typed == mask_text(hidden):
            return hidden
        if self.stored and typed and typed == mask_text(getattr(self.stored, self.url_box)):
            return None
        return typed

    def typed_password(self) -> str | None:
        """None = the stored one."""
        return self.cleaned_data.get("password") or self.typed_secrets.get("password") or None

    def posted(self, name: str) -> str:
        """As the browser sent it, before anything is cleaned; "" when nothing was sent."""
        return str(self.data.get(name, "")) if self.is_bound else ""

    def unseal_typed(self) -> None:
        """Take the secrets of the round before."""
        self.typed_secrets = unseal(self.posted("sealed"), self.purpose)

    def dress(self) -> None:
        """Give the boxes their looks."""
        for name, field in self.fields.items():
            attrs = field.widget.attrs
            attrs.setdefault("autocomplete", "new-password" if name == "password" else "off")
            if not isinstance(field.widget, forms.HiddenInput):
                attrs["class"] = "form-check-input" if isinstance(field, forms.BooleanField) else "form-control"

    def _take_upload(self) -> None:
        if not self.takes_file:
            return
        uploaded = self.cleaned_data.get(self.file_box)
        token = self.cleaned_data.get("upload_token") or ""
        if isinstance(uploaded, UploadedFile):
            try:
                self.pending = self.receive(uploaded.name or "", uploaded.chunks())
            except UploadRefused as refusal:
                self.add_error(self.file_box, str(refusal))
        elif token:
            self.pending = find_pending(token)
            if self.pending is None:
                self.add_error(self.file_box, "The uploaded file is no longer there. Choose it again.")
        self._show("upload_token", self.pending.token if self.pending else "")

    def _seal(self) -> None:
        """Keep typed secrets, encrypted, for the case that the form comes back with errors."""
        url = self.typed_url() or ""
        typed = {"password": self.typed_password() or "", self.url_box: url if mask_text(url) != url else ""}
        self.typed_secrets = {name: value for name, value in typed.items() if value}
        if "password" in self.typed_secrets and "password" in self.fields:
            self.fields["password"].help_text = "Leave empty to keep what you have typed."
        self._show("sealed", seal(self.typed_secrets, self.purpose))
        if self.url_box in self.typed_secrets:
            self._show(self.url_box, mask_text(url))

    def _show(self, name: str, value: str) -> None:
        """Exchange what a bound field will render."""
        data = cast(QueryDict, self.data).copy()
        data[name] = value
        self.data = data


def first_values(form: type[FeedForm], row: models.Model) -> dict[str, Any]:
    """What the boxes show at first: defaults, or what is stored in ``row``, secrets left out."""
    values = {name: getattr(row, name) for name in form.base_fields if hasattr(row, name) and name != "password"}
    values[form.url_box] = mask_text(values[form.url_box])
    values["file_path"] = "" if is_upload(values["file_path"]) else values["file_path"]
    return values | {"refresh_now": True}


def number_or(value: int | None, default: int) -> int:
    """What was typed into a number box; 0 is a number, nothing is not."""
    return default if value is None else value
