"""Accounts (providers), their groups and their streams (20 §1.3, §3.6)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Substr
from django.utils import timezone

from ecm_site.crypto import EncryptedTextField
from ecm_site.masking import mask_text
from m3u_app.changes.models import (  # noqa: F401 - Django finds an app's models here
    Change,
    ChangeBatch,
    ChangeTotal,
    HeldStream,
    StreamChange,
)
from m3u_app.digest.models import DigestMark, DigestRecord, DigestTarget  # noqa: F401


class AccountType(models.TextChoices):
    STANDARD = "STD", "M3U playlist"
    XTREAM = "XC", "Xtream Codes"
    HDHOMERUN = "HDHR", "HDHomeRun"


class AccountStatus(models.TextChoices):
    IDLE = "idle", "Idle"
    FETCHING = "fetching", "Downloading…"
    PARSING = "parsing", "Processing…"
    SUCCESS = "success", "Ready"
    ERROR = "error", "Error"
    PENDING_SETUP = "pending_setup", "Pending Setup"
    DISABLED = "disabled", "Disabled"


BUSY_STATUSES = (AccountStatus.FETCHING, AccountStatus.PARSING)


class Account(models.Model):
    """One provider source. The address is a secret too: playlist URLs carry the login in their query."""

    name = models.CharField(max_length=255, unique=True)
    account_type = models.CharField(max_length=4, choices=AccountType, default=AccountType.STANDARD)
    server_url = EncryptedTextField(blank=True, default="")
    file_path = models.CharField(max_length=1000, blank=True, help_text="An uploaded file or a path on this server.")
    username = models.CharField(max_length=255, blank=True)
    password = EncryptedTextField(blank=True, default="")
    user_agent = models.CharField(max_length=255, blank=True, help_text="Empty = the product's own.")
    allow_private_addresses = models.BooleanField(
        default=False, help_text="Follow redirects from the internet into the local network."
    )
    max_streams = models.PositiveIntegerField(default=0, help_text="0 = unlimited.")
    refresh_interval = models.PositiveIntegerField(default=24, help_text="Hours; 0 = by hand only.")
    cron_expression = models.CharField(
        max_length=255,
        blank=True,
        help_text="Of a mirrored account: when its server refreshes it, instead of every so many hours.",
    )
    stale_stream_days = models.PositiveIntegerField(default=7)
    priority = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    locked = models.BooleanField(default=False)
    auto_enable_new_groups = models.BooleanField(default=True)
    favorites_group = models.BooleanField(default=False, help_text="HDHomeRun: put favourites into a group of their own.")
    shrink_guard_percent = models.PositiveSmallIntegerField(
        default=50, help_text="Refuse a refresh that would leave fewer than this share of the streams; 0 = off."
    )
    identity_fields = models.JSONField(default=list, blank=True, help_text="Empty = the global choice (20 §3.7).")

    status = models.CharField(max_length=14, choices=AccountStatus, default=AccountStatus.IDLE)
    last_message = models.TextField(blank=True)
    updated_at = models.DateTimeField(null=True, blank=True, help_text="Changes only on a successful refresh.")
    exp_date = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    etag = models.CharField(max_length=255, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    playlist_header = models.JSONField(default=dict, blank=True, help_text="#EXTM3U attributes, guide addresses included.")
    provider_info = models.JSONField(default=dict, blank=True, help_text="What Xtream or the tuner says about itself.")
    last_report = models.JSONField(default=dict, blank=True, help_text="Counts and samples of the last refresh.")
    stream_count = models.PositiveIntegerField(default=0)
    held_back = models.JSONField(
        default=dict, blank=True, help_text="A shrunken refresh waiting for a yes or no: counts before and after."
    )

    deleting_since = models.DateTimeField(
        null=True, blank=True, help_text="A deletion was asked for; nothing may refresh the account any more."
    )
    filters_changed_at = models.DateTimeField(
        null=True, blank=True, help_text="The filters changed after the last import: what is stored does not obey them yet."
    )
    server_group = models.ForeignKey("ServerGroup", null=True, blank=True, on_delete=models.SET_NULL, related_name="accounts")
    link_group = models.ForeignKey("LinkGroup", null=True, blank=True, on_delete=models.SET_NULL, related_name="accounts")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.status in BUSY_STATUSES


class StreamGroup(models.Model):
    """A category inside one account, with the operator's choices for it (20 §4.2)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=255)
    enabled = models.BooleanField(default=True)
    xc_id = models.CharField(max_length=40, blank=True, help_text="The provider's category id; survives renames.")
    stream_count = models.PositiveIntegerField(default=0, help_text="Streams stored, stale ones included.")
    entry_count = models.PositiveIntegerField(
        default=0, help_text="Entries the last playlist had in this group, imported or not."
    )
    is_new = models.BooleanField(default=True)
    is_stale = models.BooleanField(default=False)
    # Auto-sync (20 §4.2). The defaults are the database's too: groups are inserted without naming these columns.
    auto_channel_sync = models.BooleanField(default=False, db_default=False)
    auto_sync_channel_start = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    auto_sync_channel_end = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    sync_settings = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="The other settings of 20 §4.2; unknown keys survive."
    )
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(
        default=timezone.now, help_text="Counts while stale only; a group that is not stale was seen at the last refresh."
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "name"], name="group_name_unique_in_account"),
        ]

    def __str__(self) -> str:
        return self.name


class Stream(models.Model):
    """One playable address of one account.

    A stream that the last good refresh contained has ``is_stale`` off and ``last_seen`` empty: "seen" then means the
    account's ``updated_at``. So a refresh that finds nothing changed writes no row at all (20 §24 trap 21, taken further).
    """

    # Both have an index of their own below; Django's would only be a second one to keep up during imports.
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="streams", db_index=False
    )
    group = models.ForeignKey(
        StreamGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="streams", db_index=False
    )
    name = models.CharField(max_length=512)
    url = models.TextField()
    tvg_id = models.CharField(max_length=255, blank=True)
    tvg_name = models.CharField(max_length=512, blank=True)
    logo_url = models.TextField(blank=True)
    stream_chno = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    station_id = models.CharField(max_length=64, blank=True, help_text="Gracenote id.")
    provider_stream_id = models.CharField(max_length=64, blank=True)
    is_adult = models.BooleanField(default=False)
    is_radio = models.BooleanField(default=False)
    is_catchup = models.BooleanField(default=False)
    catchup_days = models.PositiveIntegerField(default=0)
    needs_drm = models.BooleanField(default=False)
    extras = models.JSONField(
        default=dict,
        blank=True,
        help_text="attributes, headers, vlc_opts, kodi_props: whatever goes out again verbatim.",
    )
    stream_hash = models.BinaryField(max_length=32, editable=False, help_text="Identity, SHA-256 (20 §3.7).")
    content_mark = models.BigIntegerField(
        default=0, editable=False, help_text="Fingerprint of the source lines; equal = nothing to do."
    )
    is_custom = models.BooleanField(default=False)
    is_stale = models.BooleanField(default=False)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(null=True, blank=True, help_text="Set when the stream goes missing.")
    updated_at = models.DateTimeField(default=timezone.now, help_text="Changes only when provider data changed.")

    class Meta:
        constraints: ClassVar = [
            # 64 bits tell any number of streams apart; all 256 would make the one random index of this table three times
            # as large, and a first import spend a third of its time on it.
            models.UniqueConstraint(Substr("stream_hash", 1, 8), name="stream_identity_unique")
        ]
        indexes: ClassVar = [
            models.Index(fields=["group", "name"], name="stream_group_name"),
            models.Index(fields=["account"], name="stream_account"),
            models.Index(fields=["account", "last_seen"], condition=Q(is_stale=True), name="stream_stale"),
        ]

    def __str__(self) -> str:
        return self.name


class FilterTarget(models.TextChoices):
    GROUP = "group", "Group"
    NAME = "name", "Name"
    URL = "url", "Address"


class StreamFilter(models.Model):
    """A rule of one account: what is imported before it reaches the database (20 §5). The first that matches decides."""

    PATTERN_LIMIT = 200

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="filters")
    filter_type = models.CharField(max_length=5, choices=FilterTarget, default=FilterTarget.GROUP)
    regex_pattern = models.CharField(max_length=PATTERN_LIMIT)
    exclude = models.BooleanField(default=True, help_text="Drop what matches; otherwise keep it.")
    case_sensitive = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return f"{'drop' if self.exclude else 'keep'} {self.filter_type} {mask_text(self.regex_pattern)}"


class AccountProfile(models.Model):
    """Another login or host of the same provider (20 §6). Its patterns hold logins, so they are secrets too.

    The default profile stands for the account itself: it rewrites nothing, and its limit is the account's. It has a row
    only once somebody gave it a name, notes or an expiry date.
    """

    PATTERN_LIMIT = 255

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="profiles")
    name = models.CharField(max_length=255)
    max_streams = models.PositiveIntegerField(default=0, help_text="0 = unlimited.")
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    search_pattern = EncryptedTextField(blank=True, default="")
    replace_pattern = EncryptedTextField(blank=True, default="")
    notes = models.TextField(blank=True)
    exp_date = models.DateTimeField(null=True, blank=True)
    provider_info = models.JSONField(default=dict, blank=True, help_text="What the provider says about this login.")

    class Meta:
        ordering: ClassVar = ["-is_default", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "name"], name="profile_name_unique_in_account"),
            models.UniqueConstraint(fields=["account"], condition=Q(is_default=True), name="one_default_profile"),
        ]

    def __str__(self) -> str:
        return self.name


class ServerGroup(models.Model):
    """Accounts that share the logins of one provider (20 §7)."""

    NAME_LIMIT = 100

    name = models.CharField(max_length=NAME_LIMIT, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class LinkGroup(models.Model):
    """Accounts that keep the same choice of groups (20 §8): two or more, each in one link at most."""

    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"Link {self.pk}"
