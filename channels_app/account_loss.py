"""What the lineup loses when a provider is deleted (20 §1.5), said beforehand and done at the right moment."""

from django.db.models import Exists, OuterRef

from channels_app.commands import DeleteChannels
from channels_app.edit_channels import delete_channels
from channels_app.models import Channel, ChannelStream
from ecm_site.wording import counted
from m3u_app.account_users import Loss, Removed

SAMPLES = 5
NAMES_KEPT = 100
CHUNK = 200  # channels a step; each of them leaves a snapshot in the journal


class LineupOfAccount:
    """Registered with ``m3u_app.account_users``."""

    def losses(self, account_id: int) -> list[Loss]:
        """Auto-created channels go; channels that were built lose streams, and some of those all they have."""
        own = Channel.objects.filter(auto_created=True, auto_created_by_id=account_id)
        of_account = ChannelStream.objects.filter(channel=OuterRef("pk"), stream__account_id=account_id)
        of_others = ChannelStream.objects.filter(channel=OuterRef("pk")).exclude(stream__account_id=account_id)
        touched = Channel.objects.filter(Exists(of_account)).exclude(pk__in=own.values("pk"))
        emptied = touched.filter(~Exists(of_others))
        losses = []
        for channels, sentence, is_grave in (
            (own, "{} created from this account", True),
            (emptied, "{} left without any stream", True),
            (touched, "{} with fewer streams or none", False),
        ):
            count = channels.count()
            if count:
                names = list(channels.order_by("number", "pk").values_list("name", flat=True)[:SAMPLES])
                losses.append(Loss(sentence.format(counted(count, "channel")), names, is_grave))
        return losses

    def before_removal(self, account_id: int, batch_id: str) -> Removed:
        """Delete the auto-created channels of the account; each leaves a snapshot in the journal."""
        removed = Removed()
        own = Channel.objects.filter(auto_created=True, auto_created_by_id=account_id).order_by("pk")
        while rows := list(own.values_list("pk", "name")[:CHUNK]):
            delete_channels(DeleteChannels(tuple(pk for pk, _ in rows)), batch_id=batch_id)
            removed.deleted += [name for _, name in rows[: max(0, NAMES_KEPT - len(removed.deleted))]]
        return removed
