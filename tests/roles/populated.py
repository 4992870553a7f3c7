"""A house with one thing of every kind, each with the id that its addresses are tried with, and one person of each role.

The provider's login is :data:`SECRET`, so that every answer can be searched for it. Addresses of
logos hold none: players get them as they are.
"""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from channels_app.models import (
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    HiddenGroup,
    Logo,
    OutputToken,
    ProfileMembership,
    SavedView,
    StreamProfile,
)
from ecm_site.change_role import change_role
from ecm_site.roles import Role
from epg_app.models import GuideEntry, GuideSource, Programme
from m3u_app.models import (
    Account,
    AccountProfile,
    LinkGroup,
    ServerGroup,
    Stream,
    StreamFilter,
    StreamGroup,
)
from tasks_app import journal
from tasks_app.mirror.state import mirror_state
from tasks_app.models import AlertMethod, Notification, Schedule, TaskRun
from tasks_app.models.runs import RunStatus
from tasks_app.scheduling.catalogue import ensure_tasks

SECRET = "s3cretpa55"
HOST = "http://provider.example"
ADDRESS = f"{HOST}/get.php?username=harbour&password={SECRET}"


def people() -> dict[Role, User]:
    """The administrator alice, the editor bob and the viewer vera."""
    users = {
        Role.ADMINISTRATOR: User.objects.create_superuser("alice", "alice@example.org", "correct horse"),
        Role.EDITOR: User.objects.create_user("bob", "", "correct horse"),
        Role.VIEWER: User.objects.create_user("vera", "", "correct horse"),
    }
    change_role(users[Role.VIEWER], Role.VIEWER)
    return users


def populate() -> dict[Role, User]:
    """Everything has the id 1, as far as an address names it."""
    users = people()
    now = timezone.now()
    account = Account.objects.create(pk=1, name="Harbour", server_url=ADDRESS)
    AccountProfile.objects.create(pk=1, account=account, name="Second login")
    StreamFilter.objects.create(pk=1, account=account, regex_pattern="^XXX")
    provider_group = StreamGroup.objects.create(pk=1, account=account, name="Sports")
    ServerGroup.objects.create(pk=1, name="One provider")
    LinkGroup.objects.create(pk=1)
    stream = Stream.objects.create(
        pk=1,
        account=account,
        group=provider_group,
        name="Sport One",
        url=f"http://provider.example/u/{SECRET}/1.ts",
        stream_hash=b"1" * 32,
    )
    Stream.objects.create(pk=2, name="By hand", url=f"http://u:{SECRET}@own.tv/2.ts", stream_hash=b"2" * 32, is_custom=True)
    source = GuideSource.objects.create(pk=1, name="Guide", url=f"http://guide.example/xmltv.php?password={SECRET}")
    entry = GuideEntry.objects.create(pk=1, source=source, tvg_id="sport.one", name="Sport One")
    Programme.objects.create(entry=entry, start=now, stop=now + timedelta(hours=1), title="The match")
    group = ChannelGroup.objects.create(pk=1, name="Sports")
    HiddenGroup.objects.create(pk=1, group_id=ChannelGroup.objects.create(pk=2, name="Hidden").pk, name="Hidden")
    logo = Logo.objects.create(pk=1, name="Sport One", url="http://logos.example/1.png")
    channel = Channel.objects.create(pk=1, name="Sport One", number=1, group=group, logo_url=logo.url, guide_entry=entry)
    ChannelStream.objects.create(channel=channel, stream=stream, position=0)
    profile = ChannelProfile.objects.create(pk=1, name="Bedroom")
    ProfileMembership.objects.create(profile=profile, channel=channel)
    StreamProfile.objects.create(pk=1, name="Proxy")
    OutputToken.objects.create(pk=1, label="Living room", token_hash="0" * 64)
    SavedView.objects.create(pk=1, user=users[Role.VIEWER], name="Without guide", values={"query": "missing=guide"})
    ensure_tasks()
    mirror_state()  # its row is made when it is first asked for
    Schedule.objects.create(pk=1000, task_id="m3u_refresh", schedule_type="interval", interval_seconds=3600)
    TaskRun.objects.create(pk=1, task_id="m3u_refresh", lock_key="m3u:1", title="M3U Refresh", status=RunStatus.COMPLETED)
    AlertMethod.objects.create(pk=1, name="Telephone", method_type="discord")
    Notification.objects.create(pk=1, message="Something has happened")
    entry_of = journal.log_entry(
        "channel", "update", entity_type="channel", entity_id=1, entity_name="Sport One", description="Renamed a channel",
        before={"name": "Sport 1", "logo_url": ""}, after={"name": "Sport One", "logo_url": logo.url}, batch_id="x",
    )  # fmt: skip
    assert entry_of is not None
    return users
