"""What else goes with an account: its filters and profiles. The database removes them; a deletion has to say so (20 §1.5)."""

from ecm_site.masking import mask_text
from ecm_site.wording import counted
from m3u_app.account_users import Loss, Removed, register_account_user
from m3u_app.models import AccountProfile, StreamFilter

_SAMPLES = 5


class Belongings:
    def losses(self, account_id: int) -> list[Loss]:
        found = []
        filters = StreamFilter.objects.filter(account_id=account_id)
        if count := filters.count():
            patterns = filters.order_by("position", "pk").values_list("regex_pattern", flat=True)[:_SAMPLES]
            found.append(Loss(counted(count, "filter"), [mask_text(text) for text in patterns]))
        profiles = AccountProfile.objects.filter(account_id=account_id, is_default=False)
        if count := profiles.count():
            found.append(
                Loss(counted(count, "profile"), list(profiles.order_by("name").values_list("name", flat=True)[:_SAMPLES]))
            )
        return found

    def before_removal(self, account_id: int, batch_id: str) -> Removed:
        return Removed(deleted=[loss.sentence for loss in self.losses(account_id)])


def register() -> None:
    """Called when the app starts."""
    register_account_user(Belongings())
