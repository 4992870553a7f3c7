"""The operations of a bulk commit as programs send them (10 §14.1): read, and checked field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    index: int
    type: str
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"op-{self.index}-{self.type}"


class BadRequest(Exception):
    """Fields of the wrong type: sentences by ``operations.<index>.<field>`` (10 §14.1)."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(sentence for sentences in errors.values() for sentence in sentences)[:500])
        self.errors = errors


_Check = Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**62) < value < 2**62


def _numeric(value: Any) -> bool:
    return _whole(value) or (isinstance(value, float) and abs(value) < 1e8)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(_whole, value))


_WORDS: dict[Any, str] = {
    _whole: "a whole number", _numeric: "a number", _text: "a text", _flag: "true or false", _ids: "a list of ids",
}  # fmt: skip


@dataclass(frozen=True)
class _Field:
    check: _Check
    required: bool = True

    def refuse(self, name: str) -> str:
        return f"{name} must be {_WORDS[self.check]}{'' if self.required else ', or null'}."

    def fits(self, value: Any) -> bool:
        return self.check(value) or (not self.required and value is None)


_MAY = {"required": False}
_SHAPES: dict[str, dict[str, _Field]] = {
    "createChannel": {
        "tempId": _Field(_whole), "name": _Field(_text), "channelNumber": _Field(_numeric, **_MAY),
        "groupId": _Field(_whole, **_MAY), "newGroupName": _Field(_text, **_MAY), "logoId": _Field(_whole, **_MAY),
        "logoUrl": _Field(_text, **_MAY), "tvgId": _Field(_text, **_MAY), "tvcGuideStationId": _Field(_text, **_MAY),
        "normalize": _Field(_flag, **_MAY),
    },
    "updateChannel": {"channelId": _Field(_whole)},
    "deleteChannel": {"channelId": _Field(_whole)},
    "addStreamToChannel": {"channelId": _Field(_whole), "streamId": _Field(_whole)},
    "removeStreamFromChannel": {"channelId": _Field(_whole), "streamId": _Field(_whole)},
    "reorderChannelStreams": {"channelId": _Field(_whole), "streamIds": _Field(_ids)},
    "bulkAssignChannelNumbers": {"channelIds": _Field(_ids), "startingNumber": _Field(_numeric, **_MAY)},
    "createGroup": {"name": _Field(_text)},
    "renameChannelGroup": {"groupId": _Field(_whole), "newName": _Field(_text)},
    "deleteChannelGroup": {"groupId": _Field(_whole)},
}  # fmt: skip
_DATA = {
    "name": _Field(_text), "channel_number": _Field(_numeric, **_MAY), "channel_group_id": _Field(_whole, **_MAY),
    "tvg_id": _Field(_text, **_MAY), "tvc_guide_stationid": _Field(_text, **_MAY), "epg_data_id": _Field(_whole, **_MAY),
    "logo_id": _Field(_whole, **_MAY), "stream_profile_id": _Field(_whole, **_MAY), "streams": _Field(_ids),
}  # fmt: skip


def read_operations(sent: Sequence[Any]) -> list[Operation]:
    """Check the shape of every operation. Raises :class:`BadRequest` naming index and field of everything that is wrong."""
    errors: dict[str, list[str]] = {}
    found = []
    for index, item in enumerate(sent):
        at = f"operations.{index}"
        if not isinstance(item, dict):
            errors[at] = ["An operation must be an object."]
            continue
        shape = _SHAPES.get(str(item.get("type")))
        if shape is None:
            errors[f"{at}.type"] = [f"type must be one of {', '.join(_SHAPES)}."]
            continue
        values = {name: value for name, value in item.items() if name not in ("type", "data")}
        _check(values, shape, at, errors)
        if item["type"] == "updateChannel":
            data = item.get("data")
            if isinstance(data, dict):
                _check(data, {name: _Field(spec.check, False) for name, spec in _DATA.items()}, f"{at}.data", errors)
                _refuse_nulls(data, at, errors)
                values["data"] = data
            else:
                errors[f"{at}.data"] = ["data must be an object."]
        elif item["type"] == "createChannel" and _whole(item.get("tempId")) and item["tempId"] >= 0:
            errors[f"{at}.tempId"] = ["tempId must be below 0."]
        found.append(Operation(index, item["type"], values))
    if errors:
        raise BadRequest(errors)
    return found


def _check(values: Mapping[str, Any], shape: Mapping[str, _Field], at: str, errors: dict[str, list[str]]) -> None:
    for name, spec in shape.items():
        if name not in values:
            if spec.required:
                errors[f"{at}.{name}"] = [f"{name} is missing."]
        elif not spec.fits(values[name]):
            errors[f"{at}.{name}"] = [spec.refuse(name)]
    for name in sorted(set(values) - set(shape) - {"data"}):
        errors[f"{at}.{name[:60]}"] = ["There is no such field."]


def _refuse_nulls(data: Mapping[str, Any], at: str, errors: dict[str, list[str]]) -> None:
    for name in ("name", "streams"):
        if name in data and data[name] is None:
            errors[f"{at}.data.{name}"] = [_DATA[name].refuse(name)]
