"""Values of mirrored rows as an operator reads them: names instead of ids, nothing secret."""

from collections.abc import Iterable, Mapping
from typing import Any

from ecm_site.masking import MASK, mask_text
from ecm_site.wording import counted, shortened
from tasks_app.mirror.kinds import MirroredKind

NOTHING = "–"
_NAMES_TOLD = 6


class Wording:
    """Puts values in words. ``mentioned`` are all that will be asked for (kind, field, value), so that the names of rows
    which they refer to are read once per kind."""

    def __init__(self, kinds: Mapping[str, MirroredKind], mentioned: Iterable[tuple[MirroredKind | None, str, Any]]) -> None:
        wanted: dict[str, set[int]] = {}
        for kind, field, value in mentioned:
            target = kind.references.get(field) if kind is not None else None
            if target in kinds:
                wanted.setdefault(str(target), set()).update(_ids(value))
        self._names: dict[tuple[str, int], str] = {}
        for name, ids in wanted.items():
            if ids:
                rows = kinds[name].local(sorted(ids))
                self._names |= {(name, pk): str(row.get(kinds[name].title) or "") for pk, row in rows.items()}

    def of(self, kind: MirroredKind, field: str, value: Any) -> str:
        if value is None or value in ("", []):
            return NOTHING
        if field in kind.secrets:
            return MASK
        target = kind.references.get(field)
        if target is not None:
            return self._named(target, value)
        return _plain(value)

    def _named(self, target: str, value: Any) -> str:
        ids = _ids(value)
        names = [self._names.get((target, pk)) or f"no. {pk}" for pk in ids[:_NAMES_TOLD]]
        if not any((target, pk) in self._names for pk in ids):
            return counted(len(ids), target.replace("_", " ")) if isinstance(value, list) else f"no. {value}"
        more = f" and {len(ids) - _NAMES_TOLD:,} more" if len(ids) > _NAMES_TOLD else ""
        return mask_text(", ".join(shortened(name) for name in names)) + more


def _ids(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, int) and not isinstance(one, bool)]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    return mask_text(shortened(str(value), 200))
