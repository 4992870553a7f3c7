"""The form of a guide source. It knows what was typed; what is allowed is decided in :mod:`epg_app.source_values`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django import forms

from ecm_site.refusals import ValuesRefused
from epg_app.models import GuideSource, SourceType
from epg_app.source_values import MAX_INTERVAL_HOURS, MAX_SHIFT_MINUTES, PRIORITY_RANGE, SourceValues, settled
from epg_app.store_upload import ACCEPTED_SUFFIXES, receive_guide
from m3u_app.feeds.form import FeedForm, first_values, number_or
from m3u_app.store_upload import PendingUpload, is_upload
from tasks_app.mirror.state import is_connected

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


class SourceForm(FeedForm):
    """Add or edit a guide source. ``current`` is the stored source when editing; its type stays."""

    purpose = "guide-form"
    url_box = "url"
    file_box = "guide_file"
    folded = (*_NOT_ON_SERVER, "is_active")

    source_type = forms.CharField(widget=forms.HiddenInput, required=False)

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
        kwargs.setdefault("initial", initial_values(current))
        super().__init__(*args, **kwargs)
        self.is_connected = is_connected()
        wanted = current.source_type if current else source_type or self.posted("source_type")
        self.kind = SourceType(wanted) if wanted in SourceType else SourceType.XMLTV
        self.unseal_typed()
        if self.is_connected:
            for name in (*_NOT_ON_SERVER, *({"username", "password"} - set(_FIELDS_ON_SERVER[self.kind]))):
                del self.fields[name]
        self._word_fields()
        self.dress()

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
    def stored(self) -> GuideSource | None:
        return self.current

    @property
    def takes_file(self) -> bool:
        return self.kind == SourceType.XMLTV_FILE

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
            url=self.typed_url(),
            file_path=self._file_path(),
            upload_path=str(self.pending.path) if self.pending else "",
            username=data.get("username") or "",
            password=self.typed_password(),
            user_agent=data.get("user_agent") or "",
            allow_private_addresses=bool(data.get("allow_private_addresses")),
            is_active=bool(data.get("is_active")),
            priority=data.get("priority") or 0,
            refresh_interval=number_or(data.get("refresh_interval"), 24),
            preferred_language=data.get("preferred_language") or "",
            assume_timezone=data.get("assume_timezone") or "UTC",
            time_shift_minutes=data.get("time_shift_minutes") or 0,
            keep_unmapped=bool(data.get("keep_unmapped")),
        )
        left_out = {name for name in (*_NOT_ON_SERVER, "username") if name not in self.fields}
        return replace(typed, **{name: getattr(stored, name) for name in left_out})

    def receive(self, name: str, chunks: Iterable[bytes]) -> PendingUpload:
        return receive_guide(name, chunks)

    def settle(self) -> None:
        settled(self.values(), self.current, own_host=self.own_host)

    def refuse(self, refusal: ValuesRefused) -> None:
        for field, sentence in refusal.errors.items():
            if field in self.errors or (field == "file_path" and "guide_file" in self.errors):
                continue
            self.add_error(field if self._is_shown(field) else None, sentence)

    def _is_shown(self, name: str) -> bool:
        """Whether there is a box for an error to stand beside."""
        if name in _CONNECTION_BOXES:
            return any(field.name == name for field in self.connection_fields)
        return name in self.fields and name != "source_type"

    def typed_url(self) -> str | None:
        return super().typed_url() if self.kind == SourceType.XMLTV else ""

    def _file_path(self) -> str:
        """The path box; an upload that nothing replaces stays."""
        typed = self.cleaned_data.get("file_path") or ""
        stored = self.current.file_path if self.current else ""
        return stored if not typed and is_upload(stored) and self.pending is None else typed

    def _word_fields(self) -> None:
        if "password" in self.fields:
            if self.typed_secrets.get("password"):
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


def initial_values(current: GuideSource | None) -> dict[str, Any]:
    """What the boxes show at first: defaults (30 §1.1) or what is stored, secrets left out."""
    return first_values(SourceForm, current or GuideSource())


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
