"""What channels refer to: groups, logos, channel profiles, stream profiles."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ecm_site.dispatcharr.resources.checking import made, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import ChannelProfile, Group, Logo, StreamProfile
from ecm_site.dispatcharr.transport import BULK

_GROUPS = "/api/channels/groups/"
_LOGOS = "/api/channels/logos/"
_PROFILES = "/api/channels/profiles/"
_STREAM_PROFILES = "/api/core/streamprofiles/"


class Groups:
    """Groups of channels and of providers are the same rows; names are unique and case-sensitive."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Group]:
        return cast("list[Group]", rows(self._session.get(_GROUPS, what="list the groups"), what="list the groups"))

    def create(self, name: str) -> Group:
        what = "create a group"
        return cast(Group, made(self._session.post(_GROUPS, {"name": name}, what=what), what=what))

    def rename(self, group_id: int, name: str) -> Group:
        """A provider's group can be renamed; its next refresh makes the old one again under a new id."""
        what = "rename a group"
        return cast(Group, row(self._session.patch(f"{_GROUPS}{group_id}/", {"name": name}, what=what), what=what))

    def delete(self, group_id: int) -> None:
        """Raises ``Rejected`` while channels are in it. A provider's group is deleted all the same, and comes back."""
        self._session.delete(f"{_GROUPS}{group_id}/", what="delete a group")


class Logos:
    """``url`` is free text and unique."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Logo]:
        """All logos in one request; pages could lose some."""
        what = "list the logos"
        found = self._session.get(_LOGOS, what=what, params={"no_pagination": "true"}, patience=BULK)
        return cast("list[Logo]", rows(found, what=what))

    def create(self, name: str, url: str) -> Logo:
        """Raises ``Rejected`` with the field ``url`` when another logo has it."""
        what = "create a logo"
        return cast(Logo, made(self._session.post(_LOGOS, {"name": name, "url": url}, what=what), what=what))

    def upload(self, name: str, file_name: str, content: bytes, media_type: str) -> Logo:
        """The same file name again replaces the picture and answers with the row that was there, its name unchanged."""
        what = "upload a logo"
        answer = self._session.upload(f"{_LOGOS}upload/", {"name": name}, (file_name, content, media_type), what=what)
        return cast(Logo, made(answer, what=what))

    def update(self, logo_id: int, values: Mapping[str, Any]) -> Logo:
        what = "change a logo"
        return cast(Logo, row(self._session.patch(f"{_LOGOS}{logo_id}/", dict(values), what=what), what=what))

    def delete(self, logo_id: int) -> None:
        """Channels that show it lose it."""
        self._session.delete(f"{_LOGOS}{logo_id}/", what="delete a logo")

    def delete_many(self, logo_ids: Iterable[int], *, delete_files: bool = False) -> None:
        body = {"logo_ids": list(logo_ids), "delete_files": delete_files}
        self._session.delete(f"{_LOGOS}bulk-delete/", body, what="delete logos", patience=BULK)


class ChannelProfiles:
    """A new profile shows every channel."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[ChannelProfile]:
        what = "list the channel profiles"
        return cast("list[ChannelProfile]", rows(self._session.get(_PROFILES, what=what), what=what))

    def create(self, name: str) -> ChannelProfile:
        """The answer names no channels; the profile has them all: read it again."""
        what = "create a channel profile"
        return cast(ChannelProfile, made(self._session.post(_PROFILES, {"name": name}, what=what), what=what))

    def rename(self, profile_id: int, name: str) -> ChannelProfile:
        what = "rename a channel profile"
        return cast(ChannelProfile, row(self._session.patch(f"{_PROFILES}{profile_id}/", {"name": name}, what=what), what=what))

    def delete(self, profile_id: int) -> None:
        self._session.delete(f"{_PROFILES}{profile_id}/", what="delete a channel profile")

    def set_channels(self, profile_id: int, enabled: Mapping[int, bool]) -> None:
        """Switch channels on or off in a profile. One that does not exist refuses them all (``Rejected``)."""
        if not enabled:
            return
        body = {"channels": [{"channel_id": channel, "enabled": on} for channel, on in enabled.items()]}
        path = f"{_PROFILES}{profile_id}/channels/bulk-update/"
        self._session.patch(path, body, what="change the channels of a profile", patience=BULK)


class StreamProfiles:
    """How the server runs streams. Names are not unique; locked ones cannot be changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[StreamProfile]:
        what = "list the stream profiles"
        return cast("list[StreamProfile]", rows(self._session.get(_STREAM_PROFILES, what=what), what=what))

    def create(self, values: Mapping[str, Any]) -> StreamProfile:
        what = "create a stream profile"
        return cast(StreamProfile, made(self._session.post(_STREAM_PROFILES, dict(values), what=what), what=what))

    def update(self, profile_id: int, values: Mapping[str, Any]) -> StreamProfile:
        """A locked profile answers 500: do not ask."""
        what = "change a stream profile"
        answer = self._session.patch(f"{_STREAM_PROFILES}{profile_id}/", dict(values), what=what)
        return cast(StreamProfile, row(answer, what=what))

    def delete(self, profile_id: int) -> None:
        self._session.delete(f"{_STREAM_PROFILES}{profile_id}/", what="delete a stream profile")
