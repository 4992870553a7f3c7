"""What an import is to do with the rows of its file (10 §20.2)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"


class Key(StrEnum):
    """What tells which channel a row is about."""

    NUMBER = "number"
    NAME = "name"
    TVG_ID = "tvg_id"


MODE_LABELS = {
    Mode.CREATE: "Create a channel of every row",
    Mode.UPDATE: "Update channels that exist",
    Mode.REPLACE: "Replace whole groups",
}
KEY_LABELS = {Key.NUMBER: "number", Key.NAME: "name", Key.TVG_ID: "TVG-ID"}


@dataclass(frozen=True)
class ImportOptions:
    """``create_missing``: rows that match nothing make channels (update). ``clear_empty``: an empty cell empties the value
    of an existing channel, otherwise it leaves it. ``logos_from_guide``: new channels without a logo take the guide's icon.
    """

    mode: Mode = Mode.CREATE
    key: Key = Key.NUMBER
    create_missing: bool = True
    clear_empty: bool = False
    logos_from_guide: bool = True

    def as_values(self) -> dict[str, Any]:
        """As plain JSON values; :func:`options_from` reads them again."""
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}


def options_from(values: Mapping[str, Any]) -> ImportOptions:
    """Options of plain values; what is missing or makes no sense is the default."""
    default = ImportOptions()
    flags = {
        name: values[name] if isinstance(values.get(name), bool) else getattr(default, name)
        for name in ("create_missing", "clear_empty", "logos_from_guide")
    }
    mode, key = values.get("mode"), values.get("key")
    return ImportOptions(
        mode=Mode(mode) if mode in set(Mode) else default.mode, key=Key(key) if key in set(Key) else default.key, **flags
    )
