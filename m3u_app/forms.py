"""The account form. It knows what was typed; what is allowed is decided in :mod:`m3u_app.account_values`."""

from typing import Any

from django import forms

from ecm_site.refusals import ValuesRefused
from m3u_app.account_values import AccountValues, settled
from m3u_app.feeds.form import FeedForm, first_values, number_or
from m3u_app.mirror.words import FILE_STAYS
from m3u_app.models import Account, AccountType
from m3u_app.providers.connections import ConnectionKind, UnknownConnectionKind, connection_kinds, kind_of
from m3u_app.store_upload import ACCEPTED_SUFFIXES, is_upload
from m3u_app.typed_dates import day_of, end_of_day, expiry_field
from tasks_app.mirror.state import is_connected

_NEVER_THERE = ("file_path", "favorites_group")
_ALL_CONNECTION_FIELDS = ("server_url", "playlist_file", "file_path", "username", "password", "favorites_group")


_WORDS_CONNECTED = {
    "allow_private_addresses": "Only for a tuner or server in your house: what Dispatcharr says alone is not believed in this.",
    "refresh_interval": "Dispatcharr does it. 0 = only by hand.",
    "stale_stream_days": "Dispatcharr deletes streams that left the playlist after this. 0 = at once.",
    "shrink_guard_percent": "ECM asks before it takes over what Dispatcharr found, if more is gone. 0 = never ask.",
    "user_agent": "What Dispatcharr sends to the provider. Empty = its own.",
    "auto_enable_new_groups": "Otherwise Dispatcharr leaves the streams of new groups out until you switch these on.",
}


class AccountForm(FeedForm):
    """Add or edit an account. ``current`` is the stored account when editing."""

    purpose = "account-form"
    url_box = "server_url"
    file_box = "playlist_file"
    folded = (
        "stale_stream_days",
        "shrink_guard_percent",
        "priority",
        "exp_date",
        "user_agent",
        "auto_enable_new_groups",
        "allow_private_addresses",
        "is_active",
    )

    account_type = forms.CharField(widget=forms.HiddenInput, required=False)

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
        kwargs.setdefault("initial", initial_values(current))
        super().__init__(*args, **kwargs)
        wanted = account_type or self.posted("account_type") or (current.account_type if current else "")
        self.kind = _kind_or_first(wanted)
        self.unseal_typed()
        self._word_fields()
        self.dress()

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
    def stored(self) -> Account | None:
        """The account whose secrets and file are kept, as long as its type is."""
        return self.current if self.current and self.current.account_type == self.kind.account_type else None

    @property
    def takes_file(self) -> bool:
        return self.file_box in self.kind.fields

    @property
    def has_stored_password(self) -> bool:
        """Leaving the password box empty keeps one."""
        return bool(self.typed_secrets.get("password") or (self.stored and self.stored.password))

    def values(self) -> AccountValues:
        """What was typed, ready for the use cases. Only of a form that was cleaned."""
        data = self.cleaned_data
        return AccountValues(
            name=data.get("name") or "",
            account_type=self.kind.account_type,
            server_url=self.typed_url(),
            file_path=self._file_path(),
            upload_path=str(self.pending.path) if self.pending else "",
            username=data.get("username") or "",
            password=self.typed_password(),
            user_agent=data.get("user_agent") or "",
            allow_private_addresses=bool(data.get("allow_private_addresses")),
            max_streams=data.get("max_streams") or 0,
            refresh_interval=number_or(data.get("refresh_interval"), 24),
            stale_stream_days=number_or(data.get("stale_stream_days"), 7),
            priority=data.get("priority") or 0,
            is_active=bool(data.get("is_active")),
            auto_enable_new_groups=bool(data.get("auto_enable_new_groups")),
            favorites_group=self._ticked_or_kept("favorites_group"),
            shrink_guard_percent=number_or(data.get("shrink_guard_percent"), 50),
            exp_date=end_of_day(data.get("exp_date"), self.current.exp_date if self.current else None),
        )

    def settle(self) -> None:
        if self.is_connected:
            self._check_server()
        settled(self.values(), self.current)

    def refuse(self, refusal: ValuesRefused) -> None:
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

    def typed_url(self) -> str | None:
        return super().typed_url() if self.pending is None else ""

    def _file_path(self) -> str:
        """The path box; an upload that nothing replaces stays."""
        typed = self.cleaned_data.get("file_path") or ""
        stored = self.stored.file_path if self.stored else ""
        if (
            not typed
            and (is_upload(stored) or self.is_connected)
            and not self.cleaned_data.get("server_url")
            and self.pending is None
        ):
            return stored
        return typed

    def _word_fields(self) -> None:
        if self.is_connected:
            for name, words in _WORDS_CONNECTED.items():
                self.fields[name].help_text = words
            self.fields["allow_private_addresses"].label = "Previews may lead into the local network"
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


def initial_values(current: Account | None) -> dict[str, Any]:
    """What the boxes show at first: defaults (20 §1.3) or what is stored, secrets left out."""
    account = current or Account()
    return first_values(AccountForm, account) | {"exp_date": day_of(account.exp_date)}


def _kind_or_first(account_type: str) -> ConnectionKind:
    try:
        return kind_of(account_type)
    except UnknownConnectionKind:
        return connection_kinds()[0]
