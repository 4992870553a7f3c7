"""The account form. It knows what was typed; what is allowed is decided in :mod:`m3u_app.account_values`."""

import json
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from ecm_site.crypto import PREFIX, SecretUnreadable, decrypt, encrypt
from ecm_site.masking import MASK, mask_text
from m3u_app.account_values import AccountRefused, AccountValues, settled
from m3u_app.mirror.words import FILE_STAYS
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import ConnectionKind, UnknownConnectionKind, connection_kinds, kind_of
from m3u_app.store_upload import (
    ACCEPTED_SUFFIXES,
    PendingUpload,
    UploadRefused,
    display_name,
    find_pending,
    is_upload,
    receive_upload,
)
from m3u_app.typed_dates import day_of, end_of_day, expiry_field
from tasks_app.mirror.state import is_connected

_MASK_EDITED = "*** stands for a hidden login. Type the whole address, or put it back as it was to keep the stored one."
_SEALED_FOR = "account-form"
_TICKS = ("allow_private_addresses", "is_active", "auto_enable_new_groups", "favorites_group", "refresh_now")
_FOLDED_FIELDS = (
    "stale_stream_days",
    "shrink_guard_percent",
    "priority",
    "exp_date",
    "user_agent",
    "auto_enable_new_groups",
    "allow_private_addresses",
    "is_active",
)
_NEVER_THERE = ("file_path", "favorites_group")
_ALL_CONNECTION_FIELDS = ("server_url", "playlist_file", "file_path", "username", "password", "favorites_group")


_WORDS_CONNECTED = {
    "refresh_interval": "Dispatcharr does it. 0 = only by hand.",
    "stale_stream_days": "Dispatcharr deletes streams that left the playlist after this. 0 = at once.",
    "shrink_guard_percent": "ECM asks before it takes over what Dispatcharr found, if more is gone. 0 = never ask.",
    "user_agent": "What Dispatcharr sends to the provider. Empty = its own.",
    "auto_enable_new_groups": "Otherwise Dispatcharr leaves the streams of new groups out until you switch these on.",
}


class AccountForm(forms.Form):
    """Add or edit an account. ``current`` is the stored account when editing.

    Secrets are never rendered: an address shows masked, a password box is empty, and both mean "as it was" when they
    come back like that. What was typed into a form that had errors travels encrypted in ``sealed``.
    """

    account_type = forms.CharField(widget=forms.HiddenInput, required=False)
    sealed = forms.CharField(widget=forms.HiddenInput, required=False)
    upload_token = forms.CharField(widget=forms.HiddenInput, required=False)

    name = forms.CharField(max_length=255, required=False)
    server_url = forms.CharField(max_length=4096, required=False, widget=forms.TextInput(attrs={"inputmode": "url"}))
    playlist_file = forms.FileField(
        label="Playlist file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ",".join(ACCEPTED_SUFFIXES)}),
        help_text="Plain, or packed as gz, xz or zip. Choosing a file replaces the address.",
    )
    file_path = forms.CharField(
        label="Or a path on this server",
        max_length=1000,
        required=False,
        help_text="A file that something else keeps up to date. It is read again at every refresh.",
    )
    username = forms.CharField(label="User name", max_length=255, required=False)
    password = forms.CharField(max_length=1000, required=False, strip=False, widget=forms.PasswordInput)
    favorites_group = forms.BooleanField(
        label="Put favorites into a group of their own", required=False, help_text="Favorites as starred on the device."
    )

    max_streams = forms.IntegerField(
        label="Streams at a time", min_value=0, max_value=100_000, help_text="What the provider allows; 0 = unlimited."
    )
    refresh_interval = forms.IntegerField(
        label="Refresh every … hours", min_value=0, max_value=24 * 365, help_text="0 = only by hand."
    )
    stale_stream_days = forms.IntegerField(
        label="Keep missing streams for … days",
        min_value=0,
        max_value=3650,
        help_text="Streams that left the playlist are deleted after this. 0 = at once.",
    )
    shrink_guard_percent = forms.IntegerField(
        label="Ask when fewer than … % are left",
        min_value=0,
        max_value=100,
        help_text="A refresh that loses more waits for your yes. 0 = never ask.",
    )
    priority = forms.IntegerField(min_value=0, max_value=100, help_text="0 to 100; higher is preferred.")
    exp_date = expiry_field()
    user_agent = forms.CharField(
        label="User-Agent", max_length=255, required=False, help_text="Empty = the product's own. Some providers want VLC's."
    )
    auto_enable_new_groups = forms.BooleanField(label="Import new groups at once", required=False)
    allow_private_addresses = forms.BooleanField(
        label="Follow redirects into the local network",
        required=False,
        help_text="Only when an address on the internet leads to a device in your house.",
    )
    is_active = forms.BooleanField(label="Enabled", required=False)
    refresh_now = forms.BooleanField(label="Refresh now if the address or login has changed", required=False)

    def __init__(self, *args: Any, current: Account | None = None, account_type: str = "", **kwargs: Any) -> None:
        self.current = current
        self.is_connected = is_connected()
        self.pending: PendingUpload | None = None
        kwargs.setdefault("initial", initial_values(current))
        super().__init__(*args, **kwargs)
        wanted = account_type or self._posted("account_type") or (current.account_type if current else "")
        self.kind = _kind_or_first(wanted)
        self._typed = self._unsealed()
        self._word_fields()

    @property
    def kinds(self) -> list[ConnectionKind]:
        return connection_kinds()

    @property
    def connection_fields(self) -> list[forms.BoundField]:
        """Without what a mirrored server cannot do."""
        return [self[name] for name in self.kind.fields if not (self.is_connected and name in self._not_there)]

    @property
    def _not_there(self) -> tuple[str, ...]:
        """Boxes that make no sense while a server is mirrored: it reads no path of ours, and exchanges no file."""
        return _NEVER_THERE if self.current is None else (*_NEVER_THERE, "playlist_file")

    @property
    def has_errors_in_more(self) -> bool:
        """Whether a box that is folded away needs attention."""
        return any(name in self.errors for name in _FOLDED_FIELDS)

    @property
    def kept_upload(self) -> str:
        """Name of the file that belongs to the form or the account already; empty when there is none."""
        if self.pending is not None:
            return self.pending.name
        stored = self.current.file_path if self.current and self._keeps_type else ""
        return display_name(stored) if is_upload(stored) else ""

    @property
    def has_stored_password(self) -> bool:
        """Leaving the password box empty keeps one."""
        return bool(self._typed.get("password") or (self.current and self._keeps_type and self.current.password))

    def values(self) -> AccountValues:
        """What was typed, ready for the use cases. Only of a form that was cleaned."""
        data = self.cleaned_data
        return AccountValues(
            name=data.get("name") or "",
            account_type=self.kind.account_type,
            server_url=self._server_url(),
            file_path=self._file_path(),
            upload_path=str(self.pending.path) if self.pending else "",
            username=data.get("username") or "",
            password=data.get("password") or self._typed.get("password") or None,
            user_agent=data.get("user_agent") or "",
            allow_private_addresses=self._ticked_or_kept("allow_private_addresses"),
            max_streams=data.get("max_streams") or 0,
            refresh_interval=_or(data.get("refresh_interval"), 24),
            stale_stream_days=_or(data.get("stale_stream_days"), 7),
            priority=data.get("priority") or 0,
            is_active=bool(data.get("is_active")),
            auto_enable_new_groups=bool(data.get("auto_enable_new_groups")),
            favorites_group=self._ticked_or_kept("favorites_group"),
            shrink_guard_percent=_or(data.get("shrink_guard_percent"), 50),
            exp_date=end_of_day(data.get("exp_date"), self.current.exp_date if self.current else None),
        )

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        if field is not None:
            self.fields[field].widget.attrs["class"] = f"{self.fields[field].widget.attrs.get('class', '')} is-invalid".strip()

    def clean(self) -> dict[str, Any]:
        self._take_upload()
        self._seal()
        if MASK in (self._server_url() or ""):
            self.add_error("server_url", _MASK_EDITED)
            return self.cleaned_data
        if self.is_connected:
            self._check_server()
        try:
            settled(self.values(), self.current)
        except AccountRefused as refusal:
            self.refuse(refusal)
        return self.cleaned_data

    def refuse(self, refusal: AccountRefused) -> None:
        """Put the sentences of a refusal beside their fields."""
        for field, sentence in refusal.errors.items():
            if field in self.errors:
                continue
            self.add_error(field if field in self.kind.fields or field in self.fields else None, sentence)

    def _ticked_or_kept(self, name: str) -> bool:
        """A box that is not shown while a server is mirrored leaves things as they are."""
        if self.is_connected and self.current is not None:
            return bool(getattr(self.current, name))
        return bool(self.cleaned_data.get(name))

    def _check_server(self) -> None:
        """What a form of an earlier page, or another hand, sends although the server cannot do it."""
        stored = self.current.file_path if self.current else ""
        if self.current is not None and self.pending is not None:
            self.add_error(None, FILE_STAYS)
        elif self.cleaned_data.get("file_path") and self._file_path() != stored:
            self.add_error(None, "Dispatcharr cannot read a path on this machine. Upload the file, or give an address.")

    def _take_upload(self) -> None:
        uploaded = self.cleaned_data.get("playlist_file")
        token = self.cleaned_data.get("upload_token") or ""
        if "playlist_file" not in self.kind.fields:
            return
        if isinstance(uploaded, UploadedFile):
            try:
                self.pending = receive_upload(uploaded.name or "", uploaded.chunks())
            except UploadRefused as refusal:
                self.add_error("playlist_file", str(refusal))
        elif token:
            self.pending = find_pending(token)
            if self.pending is None:
                self.add_error("playlist_file", "The uploaded file is no longer there. Choose it again.")
        self._show("upload_token", self.pending.token if self.pending else "")

    def _server_url(self) -> str | None:
        """The address as it was meant: the mask that we showed stands for what it hides."""
        if self.pending is not None:
            return ""
        typed = self.cleaned_data.get("server_url") or ""
        hidden = self._typed.get("server_url", "")
        if hidden and typed == mask_text(hidden):
            return hidden
        if self.current and self._keeps_type and typed and typed == mask_text(self.current.server_url):
            return None
        return typed

    def _file_path(self) -> str:
        """The path box; an upload that nothing replaces stays."""
        typed = self.cleaned_data.get("file_path") or ""
        stored = self.current.file_path if self.current and self._keeps_type else ""
        if (
            not typed
            and (is_upload(stored) or self.is_connected)
            and not self.cleaned_data.get("server_url")
            and self.pending is None
        ):
            return stored
        return typed

    @property
    def _keeps_type(self) -> bool:
        return self.current is not None and self.current.account_type == self.kind.account_type

    def _posted(self, name: str) -> str:
        return str(self.data.get(name, "")) if self.is_bound else ""

    def _unsealed(self) -> dict[str, str]:
        """Secrets of the round before. What is not ours or not readable is as good as empty."""
        sealed = self._posted("sealed")
        if not sealed.startswith(PREFIX):
            return {}
        try:
            content = json.loads(decrypt(sealed))
        except (SecretUnreadable, ValueError):
            return {}
        if not isinstance(content, dict) or content.get("for") != _SEALED_FOR:
            return {}
        return {key: str(value) for key, value in content.items()}

    def _seal(self) -> None:
        """Keep typed secrets, encrypted, for the case that the form comes back with errors."""
        password = self.cleaned_data.get("password") or self._typed.get("password", "")
        url = self._server_url() or ""
        kept = {"password": password, "server_url": url if mask_text(url) != url else ""}
        kept = {key: value for key, value in kept.items() if value}
        self._typed = kept
        if "password" in kept:
            self.fields["password"].help_text = "Leave empty to keep what you have typed."
        self._show("sealed", encrypt(json.dumps({"for": _SEALED_FOR, **kept})) if kept else "")
        if kept.get("server_url"):
            self._show("server_url", mask_text(url))

    def _show(self, name: str, value: str) -> None:
        """Exchange what a bound field will render."""
        data = cast(QueryDict, self.data).copy()
        data[name] = value
        self.data = data

    def _word_fields(self) -> None:
        if self.is_connected:
            for name, words in _WORDS_CONNECTED.items():
                self.fields[name].help_text = words
        for name in _ALL_CONNECTION_FIELDS:
            field = self.fields[name]
            field.label = self.kind.labels.get(name, field.label)
            field.help_text = self.kind.hints.get(name, field.help_text)
            if name in self.kind.placeholders:
                field.widget.attrs["placeholder"] = self.kind.placeholders[name]
        if self.has_stored_password:
            self.fields["password"].help_text = "Leave empty to keep the stored password."
        if self.kind.account_type == AccountType.XTREAM:
            self.fields["exp_date"].disabled = True
            self.fields["exp_date"].help_text = "The provider tells this date at every refresh."
        for name, field in self.fields.items():
            attrs = field.widget.attrs
            attrs.setdefault("autocomplete", "new-password" if name == "password" else "off")
            if not isinstance(field.widget, forms.HiddenInput):
                attrs["class"] = "form-check-input" if name in _TICKS else "form-control"


def initial_values(current: Account | None) -> dict[str, Any]:
    """What the boxes show at first: defaults (20 §1.3) or what is stored, secrets left out."""
    account = current or Account()
    values = {
        name: getattr(account, name)
        for name in AccountForm.base_fields
        if hasattr(account, name) and name not in ("password", "server_url", "file_path", "exp_date")
    }
    values["server_url"] = mask_text(account.server_url)
    values["file_path"] = "" if is_upload(account.file_path) else account.file_path
    values["exp_date"] = day_of(account.exp_date)
    values["refresh_now"] = True
    return values


def _kind_or_first(account_type: str) -> ConnectionKind:
    try:
        return kind_of(account_type)
    except UnknownConnectionKind:
        return connection_kinds()[0]


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
