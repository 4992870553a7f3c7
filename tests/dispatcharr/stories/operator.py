"""What the operator of this house does: through the ordinary use cases, with all that they check."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from channels_app.arrange_streams import set_streams
from channels_app.commands import CreateChannel, DeleteChannels, DeleteGroups, MoveChannels, RenameGroup, UpdateChannel
from channels_app.commands import CreateGroup as NewGroup
from channels_app.drafts.lives import open_draft
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group, delete_groups, rename_group
from channels_app.errors import EditRefused
from channels_app.logos.edit_logos import add_logo, delete_logos, edit_logo
from channels_app.merging.merge_into import MergeGroup, merge_groups
from channels_app.merging.merge_new import MergeChannels, merge_into_new
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, StreamProfile
from channels_app.move_channels import move_channels
from channels_app.profiles.edit_profiles import create_profile, delete_profile, rename_profile
from channels_app.profiles.set_memberships import set_memberships
from channels_app.profiles.stream_profiles import create_stream_profile, delete_stream_profile, update_stream_profile
from channels_app.tests.commit_fixtures import applied, stage
from epg_app.create_source import create_source
from epg_app.delete_source import request_deletion as delete_source
from epg_app.edit_source import edit_source, reorder_sources, toggle_source
from epg_app.models import GuideEntry, GuideSource
from epg_app.source_values import FIELDS as SOURCE_FIELDS
from epg_app.source_values import SourceRefused, SourceValues
from m3u_app.account_values import AccountLocked, AccountRefused, AccountValues
from m3u_app.choose_groups import SetGroups, choose_groups
from m3u_app.create_account import create_account
from m3u_app.custom_streams import (
    CustomStream,
    CustomStreamRefused,
    create_custom_stream,
    delete_custom_stream,
    update_custom_stream,
)
from m3u_app.delete_account import request_deletion as delete_account
from m3u_app.edit_account import edit_account
from m3u_app.edit_filters import (
    FilterRefused,
    FilterValues,
    add_filter,
    change_filter,
    order_filters,
    remove_filter,
    switch_filter,
)
from m3u_app.edit_profiles import ProfileRefused, ProfileValues, add_profile, change_profile, remove_profile
from m3u_app.models import Account, AccountProfile, ServerGroup, Stream, StreamFilter, StreamGroup
from m3u_app.server_groups import ServerGroupRefused, change_server_group, create_server_group, delete_server_group
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry
from tests.dispatcharr.stories.small_world import PERSON

REFUSALS = (
    EditRefused, AccountLocked, AccountRefused, SourceRefused, CustomStreamRefused, FilterRefused, ProfileRefused,
    ServerGroupRefused,
)  # fmt: skip


class Operator:
    """Steps take numbers and choose by them among what is there. What is refused does not happen."""

    def __init__(self) -> None:
        self.count = 0

    def do(self, name: str, numbers: Sequence[int]) -> None:
        with contextlib.suppress(*REFUSALS):
            getattr(self, name)(*numbers)

    def pick(self, rows: Any, which: int) -> Any:
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        return ids[which % len(ids)] if ids else None

    def channel(self, which: int) -> Any:
        return self.pick(Channel.objects, which)

    def streams(self, value: int) -> list[int]:
        ids = list(Stream.objects.order_by("pk").values_list("pk", flat=True))
        return list(dict.fromkeys(ids[(value * step + step) % len(ids)] for step in (1, 3, 5)))[: value % 4] if ids else []

    # Channels

    def edit_channel(self, which: int, field: int, value: int) -> None:
        fields: tuple[Callable[[], dict[str, object]], ...] = (
            lambda: {"name": f"Here {value % 7}"},
            lambda: {"number": (None, Decimal(7), Decimal("4.1"), Decimal(33))[value % 4]},
            lambda: {"tvg_id": ("", "a1.tv", "yy")[value % 3]},
            lambda: {"group_id": self.pick(ChannelGroup.objects, value) if value % 4 else None},
            lambda: {
                "logo_url": ("", "http://logos.test/1.png", "http://logos.test/7.png", "http://logos.test/8.png")[value % 4]
            },
            lambda: {"guide_entry_id": self.pick(GuideEntry.objects, value) if value % 3 else None},
            lambda: {"stream_profile_id": self.pick(StreamProfile.objects, value) if value % 2 else None},
            lambda: {"is_hidden": bool(value % 2)},
        )
        number = self.channel(which)
        if number is not None:
            changes = {**fields[field % 8](), **fields[value % 8]()}
            update_channel(UpdateChannel(number, changes))

    def create_channel(self, value: int, streams: int) -> None:
        self.count += 1
        group = self.pick(ChannelGroup.objects, value) if value % 3 else None
        fields = {"name": f"Made {value % 3}", "group_id": group, "gracenote_id": f"made {self.count}"}
        if value % 5 == 0:
            fields["logo_url"] = "http://logos.test/9.png"
        create_channel(CreateChannel(fields, tuple(self.streams(streams))))

    def create_channels(self, value: int) -> None:
        """As many as go with the bulk call of this test."""
        for stream in list(Stream.objects.order_by("pk").values_list("pk", flat=True))[value % 5 : value % 5 + 4]:
            self.count += 1
            create_channel(CreateChannel({"name": f"Many {value % 2}", "gracenote_id": f"made {self.count}"}, (stream,)))

    def delete_channel(self, which: int) -> None:
        number = self.channel(which)
        if number is not None:
            delete_channels(DeleteChannels((number,), move_up=bool(which % 2)))

    def move_channel(self, which: int, group: int) -> None:
        number = self.channel(which)
        if number is not None:
            move_channels(MoveChannels((number,), self.pick(ChannelGroup.objects, group) if group % 4 else None))

    def merge_channels(self, one: int, other: int) -> None:
        first, second = self.channel(one), self.channel(other)
        if first is None or first == second:
            return
        if one % 2:
            merge_groups([MergeGroup(first, (second,))])
        else:
            self.count += 1
            merge_into_new(MergeChannels((first, second), {"gracenote_id": f"made {self.count}"}))

    def set_streams(self, which: int, value: int) -> None:
        number = self.channel(which)
        if number is not None:
            set_streams(number, self.streams(value))

    def set_memberships(self, which: int, profile: int, enable: int) -> None:
        number, chosen = self.channel(which), self.pick(ChannelProfile.objects, profile)
        if number is not None and chosen is not None:
            set_memberships([number], **{"enable" if enable % 2 else "disable": [chosen]})

    def draft(self, one: int, other: int, value: int) -> None:
        """Three steps in a draft, applied together."""
        self.count += 1
        made = f"made {self.count}"
        draft = open_draft(get_user_model().objects.get(username=PERSON))
        first, second = self.channel(one), self.channel(other)

        def new() -> None:
            group, _ = create_group(NewGroup(f"Drafted {value % 2}"))
            fields = {"name": f"Drafted {value % 2}", "group_id": group.pk, "gracenote_id": made}
            create_channel(CreateChannel(fields, tuple(self.streams(value))))

        def edit() -> None:
            if first is not None:
                update_channel(UpdateChannel(first, {"name": f"Drafted {value % 3}", "number": Decimal(value % 9)}))

        def delete() -> None:
            if second is not None and value % 2:
                delete_channels(DeleteChannels((second,)))

        for act in (new, edit, delete):
            with contextlib.suppress(EditRefused):
                stage(draft, act)
        applied(draft)

    def undo(self, which: int) -> None:
        """One of the last entries of the journal, or its whole batch – also what a pull or an answer changed."""
        entries = list(JournalEntry.objects.filter(undoable=True, undone_by=None).order_by("-pk")[:12])
        if not entries:
            return
        entry = entries[which % len(entries)]
        if entry.batch_id and which % 2:
            undo_batch(entry.batch_id)
        else:
            undo_entry(entry)

    # What channels point to

    def group(self, verb: int, which: int, name: int) -> None:
        number = self.pick(ChannelGroup.objects, which)
        text = ("News", "Sports", "Fresh", "Docs", "A group 2", "Kids")[name % 6]
        if verb % 3 == 0 or number is None:
            create_group(NewGroup(text))
        elif verb % 3 == 1:
            rename_group(RenameGroup(number, text))
        else:
            delete_groups(DeleteGroups((number,), delete_channels=bool(name % 3 == 0)))

    def logo(self, verb: int, which: int, value: int) -> None:
        number = self.pick(Logo.objects, which)
        if verb % 3 == 0 or number is None:
            add_logo(f"Picture {value % 4}", f"http://logos.test/{value % 6}.png")
        elif verb % 3 == 1:
            edit_logo(number, f"Picture {value % 4}", f"http://logos.test/{value % 6}.png")
        else:
            delete_logos([number])

    def channel_profile(self, verb: int, which: int, name: int) -> None:
        number = self.pick(ChannelProfile.objects, which)
        text = ("Kids", "Bar", "Den", "Attic", "Hall")[name % 5]
        if verb % 3 == 0 or number is None:
            create_profile(text)
        elif verb % 3 == 1:
            rename_profile(number, text)
        else:
            delete_profile(number)

    def stream_profile(self, verb: int, which: int, name: int) -> None:
        number = self.pick(StreamProfile.objects.filter(locked=False), which)
        text = ("Own", "Fast", "Slow", "Third")[name % 4]
        if verb % 3 == 0 or number is None:
            create_stream_profile({"name": text, "command": "vlc", "parameters": f"-p {name % 3}"})
        elif verb % 3 == 1:
            update_stream_profile(number, {"name": text, "parameters": f"-q {which % 3}"})
        else:
            delete_stream_profile(number)

    # Accounts

    def account(self, which: int) -> Any:
        return self.pick(Account.objects.filter(deleting_since=None, locked=False), which)

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
        values = CustomStream(f"Own {value % 3}", f"http://own.test/{value % 5}.ts", tvg_id=("", "o")[value % 2], group=group)
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


def ids_of(model: type[models.Model]) -> set[int]:
    return set(model._default_manager.values_list("pk", flat=True))
