"""What the operator does with accounts, what belongs to them, and guide sources."""

import contextlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import models

from channels_app.autosync.change_settings import SyncedElsewhere, change_settings
from channels_app.autosync.settings import SettingsRefused, read_settings
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, StreamProfile
from epg_app.create_source import create_source
from epg_app.delete_source import request_deletion as delete_source
from epg_app.edit_source import edit_source, reorder_sources, toggle_source
from epg_app.models import GuideSource
from epg_app.source_values import FIELDS as SOURCE_FIELDS
from epg_app.source_values import SourceValues
from m3u_app.account_values import AccountValues
from m3u_app.choose_groups import SetGroups, choose_groups
from m3u_app.create_account import create_account
from m3u_app.custom_streams import (
    CustomStream,
    create_custom_stream,
    delete_custom_stream,
    update_custom_stream,
)
from m3u_app.delete_account import request_deletion as delete_account
from m3u_app.edit_account import edit_account
from m3u_app.edit_filters import (
    FilterValues,
    add_filter,
    change_filter,
    order_filters,
    remove_filter,
    switch_filter,
)
from m3u_app.edit_profiles import ProfileValues, add_profile, change_profile, remove_profile
from m3u_app.models import Account, AccountProfile, ServerGroup, Stream, StreamFilter, StreamGroup
from m3u_app.server_groups import change_server_group, create_server_group, delete_server_group
from tasks_app.models import MirrorLink

KINDS: dict[type[models.Model], str] = {
    Channel: "channel", ChannelGroup: "group", Logo: "logo", ChannelProfile: "channel_profile", StreamProfile: "stream_profile",
    Account: "account", StreamFilter: "account_filter", AccountProfile: "account_profile", ServerGroup: "server_group",
    StreamGroup: "account_group", GuideSource: "guide_source", Stream: "custom_stream",
}  # fmt: skip
NOT_THERE = 2**63


class SourcesOperator:
    """Steps take numbers and choose by them among what is there."""

    def pick(self, rows: Any, which: int) -> Any:
        """In the order that the rows have on the server, so that the same number means the same row on both sides."""
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        kind = KINDS.get(rows.model, "")
        there = dict(MirrorLink.objects.filter(kind=kind, local_id__in=ids).values_list("local_id", "remote_id"))
        ids.sort(key=lambda pk: (there.get(pk, NOT_THERE), pk))
        return ids[which % len(ids)] if ids else None

    # Accounts

    def account(self, which: int) -> Any:
        return self.pick(Account.objects.filter(deleting_since=None, locked=False), which)

    def rename_account(self, number: int, name: str) -> None:
        stored = Account.objects.get(pk=number)
        names = [each for each in AccountValues.__dataclass_fields__ if each not in ("upload_path", "server_url", "password")]
        values = AccountValues(**{each: getattr(stored, each) for each in names}, server_url=None, password=None)
        edit_account(number, replace(values, name=name))

    def auto_sync(self, which: int, start: int, value: int) -> None:
        """What the server's own auto-sync shall do with a group of a provider."""
        group = StreamGroup.objects.filter(pk=self.pick(StreamGroup.objects, which)).first()
        if group is None:
            return
        profile = self.pick(ChannelProfile.objects, value)
        wanted = replace(
            read_settings(group),
            start=Decimal(start % 50 + 1) if start % 3 else None,
            compact=bool(value % 2),
            group_id=self.pick(ChannelGroup.objects, value) if value % 5 == 0 else None,
            profile_ids=(profile,) if profile is not None and value % 7 == 0 else None,
        )
        with contextlib.suppress(SyncedElsewhere, SettingsRefused):
            change_settings(group.pk, wanted, switched_on=bool(value % 3))

    def edit_account(self, which: int, field: int, value: int) -> None:
        number = self.account(which)
        if number is None:
            return
        change: dict[str, Any] = (
            {"name": ("Base", "Second", "Acme", "Third")[value % 4]},
            {"max_streams": value % 5},
            {"refresh_interval": value % 30},
            {"priority": value % 4},
            {"username": ("", "eve")[value % 2]},
            {"password": ("", "pass-3", "pass-2")[value % 3]},
            {"is_active": bool(value % 3)},
            {"stale_stream_days": value % 9},
            {"user_agent": ("", "VLC/3.0.21 LibVLC/3.0.21", "Our own/1")[value % 3]},
        )[field % 9]
        stored = Account.objects.get(pk=number)
        names = [name for name in AccountValues.__dataclass_fields__ if name not in ("upload_path", "server_url", "password")]
        values = AccountValues(**{name: getattr(stored, name) for name in names}, server_url=None, password=None)
        edit_account(number, replace(values, **change))

    def create_account(self, value: int) -> None:
        create_account(AccountValues(f"New {value % 3}", server_url=f"http://provider.test/new{value % 3}.m3u"))

    def delete_account(self, which: int) -> None:
        number = self.account(which)
        if number is not None and which % 3 == 0:
            delete_account(number)

    def choose_groups(self, which: int, enabled: int) -> None:
        number = self.pick(StreamGroup.objects, which)
        if number is not None:
            owner = StreamGroup.objects.get(pk=number).account_id
            choose_groups(owner, [SetGroups(frozenset((number,)), bool(enabled % 2))])

    def filter(self, verb: int, which: int, value: int) -> None:
        number = self.pick(StreamFilter.objects, which)
        kind = ("name", "group", "url")[value % 3]
        values = FilterValues(kind, f"here {value % 4}", exclude=bool(value % 2), case_sensitive=bool(value % 5))
        if verb % 5 == 0 or number is None:
            owner = self.account(which)
            if owner is not None:
                add_filter(owner, values)
            return
        stored = StreamFilter.objects.get(pk=number)
        if verb % 5 == 1:
            change_filter(stored.account_id, number, replace(values, enabled=stored.enabled))
        elif verb % 5 == 2:
            switch_filter(stored.account_id, number, enabled=bool(value % 2))
        elif verb % 5 == 3:
            remove_filter(stored.account_id, number)
        else:
            order = list(
                StreamFilter.objects.filter(account_id=stored.account_id).order_by("-position").values_list("pk", flat=True)
            )
            order_filters(stored.account_id, order)

    def account_profile(self, verb: int, which: int, value: int) -> None:
        number = self.pick(AccountProfile.objects.filter(is_default=False), which)
        values = ProfileValues(f"Login {value % 4}", value % 3, search_pattern="a", replace_pattern=f"b{value % 2}")
        if verb % 3 == 0 or number is None:
            owner = self.account(which)
            if owner is not None:
                add_profile(owner, values)
        elif verb % 3 == 1:
            change_profile(AccountProfile.objects.get(pk=number).account_id, number, values)
        else:
            remove_profile(AccountProfile.objects.get(pk=number).account_id, number)

    def server_group(self, verb: int, which: int, value: int) -> None:
        number = self.pick(ServerGroup.objects, which)
        members = [pk for pk in [self.account(value)] if pk is not None]
        if verb % 3 == 0 or number is None:
            create_server_group(("Panel", "Farm", "Four")[value % 3], members)
        elif verb % 3 == 1:
            change_server_group(number, ("Panel", "Farm", "Five")[value % 3], members if value % 2 else [])
        else:
            delete_server_group(number)

    def custom_stream(self, verb: int, which: int, value: int) -> None:
        number = self.pick(Stream.objects.filter(is_custom=True), which)
        group = ("", "Mine", "News")[value % 3]
        url = "udp://@239.0.0.1:1234" if value % 5 == 4 else f"http://own.test/{value % 5}.ts"
        values = CustomStream(f"Own {value % 3}", url, tvg_id=("", "o")[value % 2], group=group)
        if verb % 3 == 0 or number is None:
            create_custom_stream(values)
        elif verb % 3 == 1:
            update_custom_stream(number, values)
        else:
            delete_custom_stream(number)

    # Guides

    def guide_source(self, verb: int, which: int, value: int) -> None:
        number = self.pick(GuideSource.objects.filter(deleting_since=None), which)
        if verb % 6 == 0 or number is None:
            create_source(SourceValues(f"Source {value % 3}", url=f"http://guides.test/{value % 3}.xml"))
        elif verb % 6 == 1:
            toggle_source(number, active=bool(value % 2))
        elif verb % 6 == 2:
            ids: list[int] = list(GuideSource.objects.order_by("priority", "pk").values_list("pk", flat=True))
            reorder_sources(ids)
        elif verb % 6 == 3 and value % 2:
            delete_source(number)
        else:
            stored = GuideSource.objects.get(pk=number)
            change: dict[str, Any] = (
                {"name": ("Guide", "Programme", "Third guide")[value % 3]},
                {"refresh_interval": value % 13},
            )[value % 2]
            edit_source(number, SourceValues(**({name: getattr(stored, name) for name in SOURCE_FIELDS} | change)))
