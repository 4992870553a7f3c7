"""The form of a guide source. It knows what was typed; what is allowed is decided in :mod:`epg_app.source_values`."""

from dataclasses import replace
from typing import Any, Final, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from ecm_site.masking import MASK, mask_text
from epg_app.models import GuideSource, SourceType
from epg_app.sealed_secrets import seal, unseal
from epg_app.source_values import MAX_INTERVAL_HOURS, MAX_SHIFT_MINUTES, PRIORITY_RANGE, SourceRefused, SourceValues, settled
from epg_app.store_upload import ACCEPTED_SUFFIXES, receive_guide
from m3u_app.store_upload import PendingUpload, UploadRefused, display_name, find_pending, is_upload
from tasks_app.mirror.state import is_connected

_MASK_EDITED: Final = "*** stands for a hidden login. Type the whole address, or put it back as it was to keep the stored one."
_TICKS: Final = ("allow_private_addresses", "is_active", "keep_unmapped", "refresh_now")
_FIELDS_OF: Final = {
    SourceType.XMLTV: ("url", "username", "password"),
    SourceType.XMLTV_FILE: ("guide_file", "file_path"),
}
_FIELDS_ON_SERVER: Final[dict[SourceType, tuple[str, ...]]] = {
    SourceType.XMLTV: ("url",),
    SourceType.XMLTV_FILE: ("guide_file",),
    SourceType.SCHEDULES_DIRECT: ("username", "password"),
    SourceType.DUMMY: (),
}
_NOT_ON_SERVER: Final = (
    "preferred_language",
    "assume_timezone",
    "time_shift_minutes",
    "user_agent",
    "keep_unmapped",
    "allow_private_addresses",
)
"""Choices that decide how ECM reads a guide. A mirrored server has none of them; what is stored stays for later."""
_CONNECTION_BOXES: Final = frozenset({"url", "username", "password", "guide_file", "file_path"})
_KIND_LABELS: Final = {SourceType.XMLTV: "Address", SourceType.XMLTV_FILE: "File"}
_FOLDED_FIELDS: Final = (
    "preferred_language",
    "assume_timezone",
    "time_shift_minutes",
    "user_agent",
    "keep_unmapped",
    "allow_private_addresses",
    "is_active",
)


class SourceForm(forms.Form):
    """Add or edit a guide source. ``current`` is the stored source when editing; its type stays.

    Secrets are never rendered: an address shows masked, a password box is empty, and both mean "as it was" when they
    come back like that. What was typed into a form that had errors travels encrypted in ``sealed``.
    """

    source_type = forms.CharField(widget=forms.HiddenInput, required=False)
    sealed = forms.CharField(widget=forms.HiddenInput, required=False)
    upload_token = forms.CharField(widget=forms.HiddenInput, required=False)

    name = forms.CharField(max_length=255, required=False)
    url = forms.CharField(
        label="Address of the guide",
        max_length=4096,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://…/guide.xml.gz"}),
        help_text="XMLTV, plain or packed as gz, xz or zip.",
    )
    username = forms.CharField(
        label="User name", max_length=255, required=False, help_text="Only when the server asks for a login."
    )
    password = forms.CharField(max_length=1000, required=False, strip=False, widget=forms.PasswordInput)
    guide_file = forms.FileField(
        label="Guide file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ",".join(ACCEPTED_SUFFIXES)}),
        help_text="XMLTV, plain or packed as gz, xz or zip.",
    )
    file_path = forms.CharField(
        label="Or a path in the data folder",
        max_length=1000,
        required=False,
        help_text="A file that something else keeps up to date. It is read again when it has changed.",
    )

    priority = forms.IntegerField(
        min_value=PRIORITY_RANGE[0],
        max_value=PRIORITY_RANGE[1],
        help_text="When two guides have the same channel, the higher one is used.",
    )
    refresh_interval = forms.IntegerField(
        label="Refresh every … hours", min_value=0, max_value=MAX_INTERVAL_HOURS, help_text="0 = only by hand."
    )
    preferred_language = forms.CharField(
        label="Language",
        max_length=20,
        required=False,
        help_text="Preferred when the guide has several, such as en or fr. Empty = the first.",
    )
    assume_timezone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="For times without an offset, such as Europe/London. Empty = UTC.",
    )
    time_shift_minutes = forms.IntegerField(
        label="Shift by … minutes",
        min_value=-MAX_SHIFT_MINUTES,
        max_value=MAX_SHIFT_MINUTES,
        help_text="Added to every time; negative = earlier.",
    )
    user_agent = forms.CharField(label="User-Agent", max_length=255, required=False, help_text="Empty = the product's own.")
    keep_unmapped = forms.BooleanField(
        label="Keep programmes of all guide channels",
        required=False,
        help_text="Also of those that no channel uses. Large guides then take long and need much space.",
    )
    allow_private_addresses = forms.BooleanField(
        label="Follow redirects into the local network",
        required=False,
        help_text="Only when an address on the internet leads to a device in your house.",
    )
    is_active = forms.BooleanField(label="Enabled", required=False)
    refresh_now = forms.BooleanField(label="Refresh now if something about the guide has changed", required=False)

    def __init__(
        self, *args: Any, current: GuideSource | None = None, source_type: str = "", own_host: str = "", **kwargs: Any
    ) -> None:
        self.current = current
        self.own_host = own_host
        self.pending: PendingUpload | None = None
        kwargs.setdefault("initial", initial_values(current))
        super().__init__(*args, **kwargs)
        self.is_connected = is_connected()
        wanted = current.source_type if current else source_type or self._posted("source_type")
        self.kind = SourceType(wanted) if wanted in SourceType else SourceType.XMLTV
        self._typed = unseal(self._posted("sealed"))
        if self.is_connected:
            for name in (*_NOT_ON_SERVER, *({"username", "password"} - set(_FIELDS_ON_SERVER[self.kind]))):
                del self.fields[name]
        self._word_fields()

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """What can be chosen: (value, label)."""
        return [(kind.value, label) for kind, label in _KIND_LABELS.items()]

    @property
    def connection_fields(self) -> list[forms.BoundField]:
        if not self.is_connected:
            return [self[name] for name in _FIELDS_OF.get(self.kind, ())]
        if self.kind == SourceType.XMLTV_FILE and self.current is not None:
            return []
        return [self[name] for name in _FIELDS_ON_SERVER[self.kind]]

    @property
    def can_test(self) -> bool:
        """Whether there is something to look at: not at files that only a mirrored server has."""
        return bool(self.connection_fields) and self.kind in _FIELDS_OF

    @property
    def server_times(self) -> str:
        """When a mirrored server refreshes the source, in its own notation; empty when by the hours of the form."""
        return self.current.cron_expression if self.current and self.is_connected else ""

    @property
    def has_errors_in_more(self) -> bool:
        """Whether a box that is folded away needs attention."""
        return any(name in self.errors for name in _FOLDED_FIELDS)

    @property
    def kept_upload(self) -> str:
        """Name of the file that belongs to the form or the source already; empty when there is none."""
        if self.pending is not None:
            return self.pending.name
        stored = self.current.file_path if self.current else ""
        return display_name(stored) if is_upload(stored) else ""

    @property
    def zones(self) -> list[str]:
        """Suggestions for the time zone box."""
        return _ZONES

    def values(self) -> SourceValues:
        """What was typed, ready for the use cases. Only of a form that was cleaned."""
        data = self.cleaned_data
        stored = self.current or GuideSource()
        typed = SourceValues(
            name=data.get("name") or "",
            source_type=self.kind.value,
            url=self._url(),
            file_path=self._file_path(),
            upload_path=str(self.pending.path) if self.pending else "",
            username=data.get("username") or "",
            password=data.get("password") or self._typed.get("password") or None,
            user_agent=data.get("user_agent") or "",
            allow_private_addresses=bool(data.get("allow_private_addresses")),
            is_active=bool(data.get("is_active")),
            priority=data.get("priority") or 0,
            refresh_interval=_or(data.get("refresh_interval"), 24),
            preferred_language=data.get("preferred_language") or "",
            assume_timezone=data.get("assume_timezone") or "UTC",
            time_shift_minutes=data.get("time_shift_minutes") or 0,
            keep_unmapped=bool(data.get("keep_unmapped")),
        )
        left_out = {name for name in (*_NOT_ON_SERVER, "username") if name not in self.fields}
        return replace(typed, **{name: getattr(stored, name) for name in left_out})

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is not None:
            self.fields[field].widget.attrs["class"] = f"{self.fields[field].widget.attrs.get('class', '')} is-invalid".strip()

    def clean(self) -> dict[str, Any]:
        self._take_upload()
        self._seal()
        if MASK in (self._url() or ""):
            self.add_error("url", _MASK_EDITED)
            return self.cleaned_data
        try:
            settled(self.values(), self.current, own_host=self.own_host)
        except SourceRefused as refusal:
            self.refuse(refusal)
        return self.cleaned_data

    def refuse(self, refusal: SourceRefused) -> None:
        """Put the sentences of a refusal beside their fields."""
        for field, sentence in refusal.errors.items():
            if field in self.errors or (field == "file_path" and "guide_file" in self.errors):
                continue
            self.add_error(field if self._is_shown(field) else None, sentence)

    def _is_shown(self, name: str) -> bool:
        """Whether there is a box for an error to stand beside."""
        if name in _CONNECTION_BOXES:
            return any(field.name == name for field in self.connection_fields)
        return name in self.fields and name != "source_type"

    def _take_upload(self) -> None:
        if self.kind != SourceType.XMLTV_FILE:
            return
        uploaded = self.cleaned_data.get("guide_file")
        token = self.cleaned_data.get("upload_token") or ""
        if isinstance(uploaded, UploadedFile):
            try:
                self.pending = receive_guide(uploaded.name or "", uploaded.chunks())
            except UploadRefused as refusal:
                self.add_error("guide_file", str(refusal))
        elif token:
            self.pending = find_pending(token)
            if self.pending is None:
                self.add_error("guide_file", "The uploaded file is no longer there. Choose it again.")
        self._show("upload_token", self.pending.token if self.pending else "")

    def _url(self) -> str | None:
        """The address as it was meant: the mask that we showed stands for what it hides."""
        if self.kind != SourceType.XMLTV:
            return ""
        typed = self.cleaned_data.get("url") or ""
        hidden = self._typed.get("url", "")
        if hidden and typed == mask_text(hidden):
            return hidden
        if self.current and typed and typed == mask_text(self.current.url):
            return None
        return typed

    def _file_path(self) -> str:
        """The path box; an upload that nothing replaces stays."""
        typed = self.cleaned_data.get("file_path") or ""
        stored = self.current.file_path if self.current else ""
        return stored if not typed and is_upload(stored) and self.pending is None else typed

    def _posted(self, name: str) -> str:
        return str(self.data.get(name, "")) if self.is_bound else ""

    def _seal(self) -> None:
        """Keep typed secrets, encrypted, for the case that the form comes back with errors."""
        url = self._url() or ""
        self._typed = {
            "password": self.cleaned_data.get("password") or self._typed.get("password", ""),
            "url": url if mask_text(url) != url else "",
        }
        if self._typed["password"] and "password" in self.fields:
            self.fields["password"].help_text = "Leave empty to keep what you have typed."
        self._show("sealed", seal(self._typed))
        if self._typed["url"]:
            self._show("url", mask_text(url))

    def _show(self, name: str, value: str) -> None:
        """Exchange what a bound field will render."""
        data = cast(QueryDict, self.data).copy()
        data[name] = value
        self.data = data

    def _word_fields(self) -> None:
        if "password" in self.fields:
            if self._typed.get("password"):
                self.fields["password"].help_text = "Leave empty to keep what you have typed."
            elif self.current and self.is_connected:
                self.fields["password"].help_text = "Dispatcharr tells nobody the password. Leave empty to keep the one it has."
            elif self.current and self.current.password:
                self.fields["password"].help_text = "Leave empty to keep the stored password."
        if self.is_connected:
            self.fields["url"].help_text = "XMLTV. Dispatcharr fetches it: the address must be one that it can reach."
            self.fields["guide_file"].help_text = "XMLTV. It is sent to Dispatcharr, which keeps and reads it."
        if self.kind == SourceType.SCHEDULES_DIRECT:
            self.fields["username"].help_text = "Of the account at Schedules Direct."
        if "assume_timezone" in self.fields:
            self.fields["assume_timezone"].widget.attrs["list"] = "time-zones"
        for name, field in self.fields.items():
            attrs = field.widget.attrs
            attrs.setdefault("autocomplete", "new-password" if name == "password" else "off")
            if not isinstance(field.widget, forms.HiddenInput):
                attrs["class"] = "form-check-input" if name in _TICKS else "form-control"


def initial_values(current: GuideSource | None) -> dict[str, Any]:
    """What the boxes show at first: defaults (30 §1.1) or what is stored, secrets left out."""
    source = current or GuideSource()
    values = {
        name: getattr(source, name)
        for name in SourceForm.base_fields
        if hasattr(source, name) and name not in ("password", "url", "file_path")
    }
    values["url"] = mask_text(source.url)
    values["file_path"] = "" if is_upload(source.file_path) else source.file_path
    values["refresh_now"] = True
    return values


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


_ZONES: Final = [
    "UTC",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Moscow",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
]
