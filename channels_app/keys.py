"""The keys of the channel manager, as the page that "?" opens lists them (10 §5.5)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """``keys`` are pressed together, or one after the other where ``what`` says so."""

    keys: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class KeySection:
    title: str
    keys: tuple[Key, ...]


SECTIONS = (
    KeySection(
        "Everywhere",
        (
            Key(("Ctrl", "K"), "Find a page, a channel or an action"),
            Key(("?",), "This list"),
            Key(("Esc",), "Close a menu or dialog; then clear the selection"),
        ),
    ),
    KeySection(
        "In the lists",
        (
            Key(("/",), "Search the list"),
            Key(("↑", "↓"), "Previous or next row"),
            Key(("Home", "End"), "First or last row"),
            Key(("→", "←"), "Open or close a group or channel"),
            Key(("Shift", "F10"), "Menu of the row"),
        ),
    ),
    KeySection(
        "Selecting",
        (
            Key(("Space",), "Tick or untick the row"),
            Key(("Shift", "Space"), "Tick from the last ticked row to this one"),
            Key(("Ctrl", "A"), "Tick everything shown in open groups; again, or with all groups closed: all that match"),
        ),
    ),
    KeySection(
        "Changing",
        (
            Key(("Enter",), "Change the name in its place; again saves it"),
            Key(("F2",), "Rename a channel or group"),
            Key(("#",), "Change the number"),
            Key(("E",), "Edit many fields of the selected channels at once"),
            Key(
                ("Alt", "↑ ↓"),
                "Move a channel (or all selected of its group), group or stream; also plain arrow keys on its handle",
            ),
            Key(("Alt", "Home", "End"), "Move a channel, or all selected of its group, to the top or the end of the group"),
            Key(("Alt",), "Held while one stream is dropped on a group: the channel is made at once, without the dialog"),
            Key(("Del",), "Delete a channel or group; take a stream off its channel"),
            Key(("Ctrl", "Z"), "Undo"),
            Key(("Ctrl", "Shift", "Z"), "Redo, in edit mode"),
        ),
    ),
    KeySection("Panes", (Key(("← →",), "On the line between the panes: change their widths; Enter makes them equal"),)),
)
