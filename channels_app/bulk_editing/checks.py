"""Reads the texts of a bulk edit and refuses what makes no sense, naming the field, before any channel is looked at."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.bulk_editing.command import BulkEdit
from channels_app.bulk_editing.names import NameEditor
from channels_app.bulk_editing.placeholders import Values, compile_text
from channels_app.channel_fields import FIELDS, clean_text
from channels_app.edit_groups import GROUP_NAME_LENGTH, find_group
from channels_app.errors import EditRefused
from channels_app.models import ChannelProfile, StreamProfile
from channels_app.numbering import LARGEST, parse_number
from ecm_site.wording import shortened

NEW_GROUP = -1
"""Stands for the group that will be made; no group has this id."""

_CHOICES = {
    "letters": ("upper", "lower", "title"),
    "group": ("set", "none"),
    "number": ("start", "shift", "clear"),
    "tvg_id": ("set", "clear"),
    "guide": ("tvg_id", "clear", "none"),
    "lock": ("on", "off"),
    "gracenote_id": ("set", "clear"),
    "logo": ("set", "clear", "stream"),
    "hidden": ("on", "off"),
}


@dataclass
class Checked:
    """A bulk edit whose texts have been understood."""

    command: BulkEdit
    names: NameEditor
    group_id: int | None = None
    group_name: str = ""
    new_group: str = ""
    start: Decimal = Decimal(1)
    distance: Decimal = Decimal(0)
    logo: str = ""
    stream_profile_id: int | None = None
    texts: dict[str, Callable[[Values, str], str]] = field(default_factory=dict)


def checked(command: BulkEdit) -> Checked:
    """Raises :class:`EditRefused` with a sentence for every field that is wrong. At most four queries."""
    problems: dict[str, str] = {}
    for name, choices in _CHOICES.items():
        if getattr(command, name) not in ("", *choices):
            problems[name] = "Choose one of the list."
    if problems:
        raise EditRefused(problems)
    result = Checked(command, NameEditor(BulkEdit()))
    for read in (_names, _group, _number, _texts, _logo, _stream_profile, _profiles):
        try:
            read(command, result)
        except EditRefused as error:
            problems |= error.problems
    if problems:
        raise EditRefused(problems)
    return result


def _names(command: BulkEdit, result: Checked) -> None:
    if command.replacement and not command.find:
        raise EditRefused({"find": "Type what should be replaced."})
    result.names = NameEditor(command)


def _group(command: BulkEdit, result: Checked) -> None:
    if command.group != "set":
        return
    try:
        name = clean_text(command.group_value, longest=GROUP_NAME_LENGTH)
    except ValueError as error:
        raise EditRefused({"group_value": str(error)}) from None
    if not name:
        raise EditRefused({"group_value": "Choose a group or type a new name."})
    group = find_group(name)
    result.group_id, result.group_name = (group.pk, group.name) if group else (NEW_GROUP, name)
    result.new_group = "" if group else name


def _number(command: BulkEdit, result: Checked) -> None:
    text = command.number_value.strip()
    try:
        if command.number == "start":
            result.start = _start(text)
        elif command.number == "shift":
            result.distance = _distance(text)
    except ValueError as error:
        raise EditRefused({"number_value": str(error)}) from None


def _start(text: str) -> Decimal:
    start = parse_number(text, minimum=Decimal(1))
    if start is None:
        raise ValueError("Type the first number.")
    return start


def _distance(text: str) -> Decimal:
    sign = -1 if text[:1] in ("-", "−") else 1
    distance = parse_number(text.removeprefix("+").removeprefix("-").removeprefix("−"))
    if not distance:
        raise ValueError("Type by how much, for example 100 or -5.")
    if distance > LARGEST:
        raise ValueError("This is too much.")
    return sign * distance


def _texts(command: BulkEdit, result: Checked) -> None:
    problems = {}
    for name, label in (("tvg_id", "a TVG-ID"), ("gracenote_id", "a Gracenote id")):
        if getattr(command, name) != "set":
            continue
        text = getattr(command, f"{name}_value").strip()
        if not text:
            problems[f"{name}_value"] = f"Type {label}, or choose to clear it."
            continue
        try:
            result.texts[name] = compile_text(clean_text(text, longest=255))
        except ValueError as error:
            problems[f"{name}_value"] = str(error)
    if problems:
        raise EditRefused(problems)


def _logo(command: BulkEdit, result: Checked) -> None:
    if command.logo != "set":
        return
    try:
        result.logo = str(FIELDS["logo_url"].clean(command.logo_value))
    except ValueError as error:
        raise EditRefused({"logo_value": str(error)}) from None
    if not result.logo:
        raise EditRefused({"logo_value": "Type the address of a picture, or choose to clear the logo."})


def _stream_profile(command: BulkEdit, result: Checked) -> None:
    wanted = command.stream_profile
    if wanted in ("", "default"):
        return
    known = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
    if not known or not StreamProfile.objects.filter(pk=int(wanted)).exists():
        raise EditRefused({"stream_profile": "This stream profile no longer exists. Choose another one."})
    result.stream_profile_id = int(wanted)


def _profiles(command: BulkEdit, result: Checked) -> None:
    del result
    both = set(command.enable) & set(command.disable)
    wanted = {*command.enable, *command.disable}
    names = dict(ChannelProfile.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
    if both:
        named = shortened(names.get(min(both), "a profile"))
        raise EditRefused({"profiles": f"A channel cannot be enabled and disabled in “{named}” at once."})
    if len(names) < len(wanted):
        raise EditRefused({"profiles": "A channel profile no longer exists. Open this dialog again."})
