"""What the operator of this house does: through the ordinary use cases, with all that they check."""

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from channels_app.arrange_streams import set_streams
from channels_app.bulk_editing.carry_out import bulk_edit
from channels_app.bulk_editing.command import BulkEdit
from channels_app.commands import (
    CreateChannel,
    DeleteChannels,
    DeleteGroups,
    MoveChannels,
    RenameGroup,
    RenumberChannels,
    UpdateChannel,
)
from channels_app.commands import CreateGroup as NewGroup
from channels_app.drafts.commit_draft import NothingApplied
from channels_app.drafts.lives import discard, open_draft, unfinished_draft
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.edit_groups import create_group, delete_groups, rename_group
from channels_app.errors import EditRefused
from channels_app.groups.hidden import hide_groups, restore_group
from channels_app.logos.assign_logos import assign_logos
from channels_app.logos.edit_logos import add_logo, delete_logos, edit_logo
from channels_app.merging.merge_into import MergeGroup, merge_groups
from channels_app.merging.merge_new import MergeChannels, merge_into_new
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Draft, DraftState, Logo, StreamProfile
from channels_app.move_channels import move_channels
from channels_app.profiles.edit_profiles import create_profile, delete_profile, rename_profile
from channels_app.profiles.set_memberships import set_memberships
from channels_app.profiles.stream_profiles import create_stream_profile, delete_stream_profile, update_stream_profile
from channels_app.renumber_channels import renumber_channels
from channels_app.sort_streams import sort_streams
from channels_app.tests.commit_fixtures import applied, stage
from epg_app.models import GuideEntry
from epg_app.source_values import SourceRefused
from m3u_app.account_values import AccountLocked, AccountRefused
from m3u_app.custom_streams import (
    CustomStreamRefused,
)
from m3u_app.edit_filters import (
    FilterRefused,
)
from m3u_app.edit_profiles import ProfileRefused
from m3u_app.models import Account, Stream
from m3u_app.server_groups import ServerGroupRefused
from tasks_app.models import JournalEntry
from tasks_app.undo import undo_batch, undo_entry
from tests.dispatcharr.stories.operator_sources import SourcesOperator
from tests.dispatcharr.stories.small_world import PERSON

REFUSALS = (
    EditRefused, AccountLocked, AccountRefused, SourceRefused, CustomStreamRefused, FilterRefused, ProfileRefused,
    ServerGroupRefused,
)  # fmt: skip


class Operator(SourcesOperator):
    """Steps take numbers and choose by them among what is there. What is refused does not happen."""

    def __init__(self) -> None:
        self.count = 0

    def do(self, name: str, numbers: Sequence[int]) -> None:
        with contextlib.suppress(*REFUSALS):
            getattr(self, name)(*numbers)

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

    def some_channels(self, which: int) -> list[int]:
        return list(Channel.objects.order_by("number", "pk").values_list("pk", flat=True))[which % 2 :: which % 3 + 1]

    def bulk_edit(self, which: int, what: int, value: int) -> None:
        group, profile = self.pick(ChannelGroup.objects, value), self.pick(ChannelProfile.objects, value)
        commands: tuple[dict[str, Any], ...] = (
            {"front": "HD "},
            {"number": "start", "number_value": str(value % 30 + 1)},
            {"number": "shift", "number_value": str(value % 5 + 1)},
            {"group": "set", "group_value": "Bulk group"} if group is None or value % 2 else {"group": "none"},
            {"tvg_id": "set", "tvg_id_value": f"a{value % 5}.tv", "guide": "tvg_id"},
            {"logo": "stream"} if value % 2 else {"logo": "clear"},
            {"hidden": "on" if value % 2 else "off", "stream_profile": "default"},
            {"enable" if value % 2 else "disable": (profile,) if profile is not None else ()},
        )
        bulk_edit(BulkEdit(**commands[what % 8]), self.some_channels(which))

    def renumber(self, which: int, start: int) -> None:
        chosen = tuple(self.some_channels(which))
        if chosen:
            renumber_channels(RenumberChannels(chosen, Decimal(start % 20 + 1), push_others=bool(start % 2)))

    def delete_channels(self, which: int) -> None:
        chosen = tuple(self.some_channels(which))
        if chosen:
            delete_channels(DeleteChannels(chosen))

    def sort_streams(self, which: int) -> None:
        sort_streams(self.some_channels(which))

    def logos_of_streams(self, which: int) -> None:
        assign_logos(self.some_channels(which), "stream")

    def hide_group(self, which: int, back: int) -> None:
        number = self.pick(ChannelGroup.objects, which)
        if number is not None:
            restore_group(number) if back % 3 == 0 else hide_groups([number])

    def swap_names(self, kind: int, one: int, other: int) -> None:
        """Two rows exchange names that are unique; for a moment one has a third."""
        kinds: tuple[tuple[type[models.Model], Callable[[int, str], object]], ...] = (
            (ChannelGroup, lambda pk, name: rename_group(RenameGroup(pk, name))),
            (ChannelProfile, rename_profile),
            (StreamProfile, lambda pk, name: update_stream_profile(pk, {"name": name})),
            (Account, self.rename_account),
        )
        model, rename = kinds[kind % 4]
        first, second = self.pick(model._default_manager, one), self.pick(model._default_manager, other)
        if first is None or first == second:
            return
        names = dict(model._default_manager.values_list("pk", "name"))
        for pk, name in ((first, "For a moment"), (second, names[first]), (first, names[second])):
            rename(pk, name)

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

    def begin_draft(self, one: int, field: int, value: int) -> None:
        """A step in a draft that stays open while others, and the mirror, go on."""
        draft = open_draft(get_user_model().objects.get(username=PERSON))
        number = self.channel(one)

        def act() -> None:
            if number is None or field % 4 == 0:
                self.create_channel(value, field)
            elif field % 4 == 1:
                delete_channels(DeleteChannels((number,)))
            else:
                self.edit_channel(one, field, value)

        with contextlib.suppress(*REFUSALS):
            stage(draft, act)

    def end_draft(self) -> None:
        """What can be applied is; the rest is dropped."""
        user = get_user_model().objects.get(username=PERSON)
        draft = unfinished_draft(user)
        if draft is None:
            return
        try:
            applied(draft, apply_rest=True)
        except NothingApplied:
            Draft.objects.filter(pk=draft.pk).update(state=DraftState.OPEN)
        self.discard_draft()

    def discard_draft(self) -> None:
        draft = unfinished_draft(get_user_model().objects.get(username=PERSON))
        if draft is not None:
            discard(draft)

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


def ids_of(model: type[models.Model]) -> set[int]:
    return set(model._default_manager.values_list("pk", flat=True))
