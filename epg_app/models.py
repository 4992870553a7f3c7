"""Guide sources, their entries (guide channels) and programmes (30 §1.1)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from ecm_site.crypto import EncryptedTextField


class SourceType(models.TextChoices):
    XMLTV = "xmltv", "XMLTV address"
    XMLTV_FILE = "xmltv_file", "XMLTV file"
    SCHEDULES_DIRECT = "schedules_direct", "Schedules Direct"
    DUMMY = "dummy", "Generated guide"


SERVER_ONLY_TYPES = (SourceType.SCHEDULES_DIRECT, SourceType.DUMMY)
"""Kinds that only a Dispatcharr server can read; here they are mirrored rows."""


class SourceStatus(models.TextChoices):
    IDLE = "idle", "Idle"
    FETCHING = "fetching", "Downloading"
    PARSING = "parsing", "Processing"
    SUCCESS = "success", "Ready"
    ERROR = "error", "Error"
    DISABLED = "disabled", "Disabled"


BUSY_STATUSES = (SourceStatus.FETCHING, SourceStatus.PARSING)


class GuideSource(models.Model):
    name = models.CharField(max_length=255, unique=True)
    source_type = models.CharField(max_length=20, choices=SourceType, default=SourceType.XMLTV)
    url = EncryptedTextField(blank=True, default="")
    file_path = models.CharField(max_length=1000, blank=True)
    username = models.CharField(max_length=255, blank=True)
    password = EncryptedTextField(blank=True, default="")
    user_agent = models.CharField(max_length=255, blank=True)
    allow_private_addresses = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    priority = models.IntegerField(default=0, help_text="Higher wins.")
    refresh_interval = models.PositiveIntegerField(default=24, help_text="Hours; 0 = by hand only.")
    preferred_language = models.CharField(max_length=20, blank=True)
    assume_timezone = models.CharField(max_length=64, default="UTC", help_text="For times without an offset.")
    time_shift_minutes = models.IntegerField(default=0)
    keep_unmapped = models.BooleanField(default=False, help_text="Also keep programmes that no channel uses.")
    cron_expression = models.CharField(
        max_length=255, blank=True, help_text="Of a mirrored source: when its server refreshes it."
    )
    custom_properties = models.JSONField(default=dict, blank=True, help_text="Of a mirrored source: kept as its server has it.")

    status = models.CharField(max_length=10, choices=SourceStatus, default=SourceStatus.IDLE)
    last_message = models.TextField(blank=True)
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_finished_at = models.DateTimeField(
        null=True, blank=True, help_text="Good or bad: the refresh rhythm counts from here."
    )
    retry_count = models.PositiveSmallIntegerField(default=0, help_text="Tries after a passing error such as a timeout.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="When the next such try is due.")
    duration_s = models.FloatField(default=0)
    entry_count = models.PositiveIntegerField(default=0)
    mapped_count = models.PositiveIntegerField(default=0)
    programme_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    last_report = models.JSONField(default=dict, blank=True, help_text="Counts, warnings and samples of the last import.")
    held_back = models.JSONField(
        default=dict, blank=True, help_text="A sharply smaller guide waiting for a yes: programmes before and after."
    )
    content_mark = models.CharField(
        max_length=64, blank=True, help_text="Fingerprint of the imported file and of the choices it was read with."
    )
    guide_ended = models.BooleanField(
        default=False, help_text="Every programme lies in the past; kept all the same until a newer guide comes."
    )
    etag = models.CharField(max_length=255, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    deleting_since = models.DateTimeField(null=True, blank=True, help_text="Being deleted in the background.")

    class Meta:
        ordering: ClassVar = ["-priority", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.status in BUSY_STATUSES


class GuideEntry(models.Model):
    """One guide channel inside one source.

    Rows are written only when something changed: an entry that is ``in_feed`` was seen at the source's last success, and
    ``last_seen`` is set when it goes missing.
    """

    source = models.ForeignKey(GuideSource, on_delete=models.CASCADE, related_name="entries")
    tvg_id = models.CharField(max_length=255)
    tvg_key = models.CharField(max_length=300, blank=True, help_text="The id case-folded: what channels are linked by.")
    name = models.CharField(max_length=512)
    other_names = models.JSONField(default=list, blank=True)
    icon_url = models.CharField(max_length=500, blank=True)
    lcn = models.CharField(max_length=64, blank=True)
    station_id = models.CharField(max_length=64, blank=True)
    search_text = models.TextField(blank=True, help_text="Names and id, lower-case, raw and letters/digits only (30 §7).")
    in_feed = models.BooleanField(default=True, help_text="Off: mapped, but no longer in the feed.")
    programmes_loaded = models.BooleanField(default=False, help_text="Off: mapped since the last import; one pass is due.")
    remote_id = models.BigIntegerField(null=True, blank=True, help_text="Its id on the mirrored server.")
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "guide entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "tvg_id"], name="entry_unique_in_source"),
            models.UniqueConstraint(
                fields=["remote_id"], condition=models.Q(remote_id__isnull=False), name="entry_unique_on_server"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tvg_key"], name="entry_tvg_key"), models.Index(fields=["source", "name"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.tvg_id})"


class Programme(models.Model):
    """One airing. Imports replace rows: refer to a programme by (entry, start, stop), never by id.

    The layout of ``extra`` is described in :mod:`epg_app.programme_extra`. One index only: a million rows are written
    per import and each further index costs a quarter of the time. Pruning and grids go through (entry, start) as well.
    """

    entry = models.ForeignKey(GuideEntry, on_delete=models.CASCADE, related_name="programmes", db_index=False)
    start = models.DateTimeField()
    stop = models.DateTimeField()
    title = models.CharField(max_length=255)
    sub_title = models.TextField(blank=True)
    description = models.TextField(blank=True)
    categories = models.JSONField(default=list, blank=True)
    season = models.PositiveIntegerField(null=True, blank=True)
    episode = models.PositiveIntegerField(null=True, blank=True)
    icon_url = models.TextField(blank=True)
    extra = models.JSONField(default=dict, blank=True, help_text="Flags, credits, ratings, ids …: written back on output.")
    stop_is_derived = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["entry", "start"], name="programme_entry_start"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.start:%Y-%m-%d %H:%M}"
