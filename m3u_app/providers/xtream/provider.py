"""The Xtream provider behind the common interface: what "Test" and a refresh do (20 §1.6)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

from django.utils import timezone

from ecm_site.clock import on_the_clock
from ecm_site.http import FetchPolicy
from ecm_site.masking import MASK
from m3u_app.entries import EntrySource, GroupHint, ItemSource, content_mark, mark_key
from m3u_app.importing.download_pace import DownloadPace
from m3u_app.models import Account, AccountType, StreamGroup
from m3u_app.providers.connections import Connection, ConnectionKind, Errors, register_connection
from m3u_app.providers.json_stream import Record
from m3u_app.providers.registry import ProviderError, TestReport, register_provider
from m3u_app.providers.xtream.address import AddressUnusable, credentials_in, guide_url, normalise_base
from m3u_app.providers.xtream.client import Answer, Panel, PanelError, live_categories, live_streams, log_in
from m3u_app.providers.xtream.mapping import account_facts, entry_mapper, group_hints
from m3u_app.providers.xtream.profile_logins import update_profile_logins
from tasks_app.progress import Progress

MAPPING_VERSION = "1"
"""Part of every mark. Raise it when the same answer begins to mean other streams; all are then read anew."""
TEST_TIMEOUT = 20  # seconds per answer: somebody is waiting in front of the dialog
TEST_TOTAL = 45
_SECRET_LENGTH = 4  # replacing shorter logins would garble ordinary words


class XtreamProvider:
    account_type = AccountType.XTREAM.value

    def test(self, account: Account) -> TestReport:
        """Log in and count the categories; no stream list is loaded."""
        with _without_password(account):
            panel = _panel(account, testing=True)
            known = account_facts(log_in(panel))
            facts = [("Server", panel.base), *_facts(known)]
            try:
                facts.append(("Categories", f"{len(live_categories(panel)):,}"))
            except PanelError as error:
                return TestReport(ok=False, message=f"The login works, but the categories do not: {error}", facts=facts)
        expires = known["exp_date"]
        if expires and expires < timezone.now():
            return TestReport(ok=False, message="The login works, but the account has expired.", facts=facts)
        return TestReport(ok=True, message="The login works.", facts=facts)

    def fetch(self, account: Account, progress: Progress) -> EntrySource:
        """Log in once, read the categories, and load all streams in one call (20 §24 traps 13, 14)."""
        with ExitStack() as stack, _without_password(account):
            panel = _panel(account)
            progress.report(phase="Logging in")
            login = log_in(panel, should_stop=progress.raise_if_cancelled)
            progress.report(phase="Reading categories")
            hints = group_hints(live_categories(panel, should_stop=progress.raise_if_cancelled))
            progress.report(phase="Downloading")
            answer = stack.enter_context(
                live_streams(
                    panel,
                    on_progress=DownloadPace(progress).received,
                    should_stop=progress.raise_if_cancelled,
                )
            )
            return XtreamSource(
                account, panel, answer, hints=hints, account_changes=account_facts(login), resources=stack.pop_all()
            )

    def after_refresh(self, account: Account, progress: Progress) -> None:
        """Ask about the account's other logins."""
        update_profile_logins(account, progress)


class XtreamSource(ItemSource):
    """The downloaded list; its file goes away when the source is closed."""

    def __init__(
        self,
        account: Account,
        panel: Panel,
        answer: Answer,
        *,
        hints: list[GroupHint],
        account_changes: dict[str, Any],
        resources: ExitStack,
    ) -> None:
        names = _stored_group_names(account) | {hint.key: hint.name for hint in hints}
        to_entry = entry_mapper(
            account_name=account.name,
            base=panel.base,
            username=panel.username,
            password=panel.password,
            group_names=names,
        )
        super().__init__((), to_entry, size=answer.size, groups=hints, account_changes=account_changes)
        self._answer = answer
        self._account = account
        self._depends_on = (MAPPING_VERSION, account.name, panel.base, panel.username, panel.password)
        self._resources = resources

    def batches(self, salt: bytes) -> Iterator[list[tuple[int, Any]]]:
        """Marks are made from the text that came, which needs no second look at it.

        An empty list is an error, so that it can wipe nothing (20 §24 trap 9).
        """
        key = mark_key(salt, *self._depends_on)
        with _without_password(self._account):
            for batch in batched(self._answer.records, self.BATCH):
                self.report.seen += len(batch)
                yield [(content_mark(text.encode("utf-8", "surrogatepass"), key), record) for text, record in batch]
        if not self.report.seen:
            raise ProviderError("The provider sent an empty list of streams. Everything stays as it was; try again later.")

    @property
    def position(self) -> int:
        return self._answer.file.tell()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        self._resources.close()


def batched(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Lists of up to ``size`` records."""
    while batch := list(islice(records, size)):
        yield batch


def check_xtream(connection: Connection) -> Errors:
    """Server, user name and password; a pasted API address gives all three (20 §1.4, §1.6)."""
    errors: Errors = {}
    pasted_user, pasted_password = credentials_in(connection.server_url)
    connection.file_path = ""
    connection.username = connection.username.strip() or pasted_user
    connection.password = connection.password or pasted_password
    if not connection.server_url.strip():
        errors["server_url"] = "Give the address of the server, like http://tv.example:8080."
    else:
        try:
            connection.server_url = normalise_base(connection.server_url)
        except AddressUnusable as error:
            errors["server_url"] = f"{error}."
    if not connection.username:
        errors["username"] = "Give the user name of your Xtream account."
    if not connection.password:
        errors["password"] = "Give the password of your Xtream account."  # noqa: S105 - a sentence
    return errors


def _panel(account: Account, *, testing: bool = False) -> Panel:
    if not account.server_url or not account.username or not account.password:
        raise ProviderError("Server, user name or password is missing. Edit the account and fill them in.")
    try:
        base = normalise_base(account.server_url)
    except AddressUnusable as error:
        raise ProviderError(f"{error}.") from error
    if testing:
        policy = FetchPolicy(
            user_agent=account.user_agent,
            allow_private=account.allow_private_addresses,
            connect_timeout=10,
            read_timeout=TEST_TIMEOUT,
            total_timeout=TEST_TOTAL,
        )
        return Panel(base, account.username, account.password, policy, retries=0)
    policy = FetchPolicy(user_agent=account.user_agent, allow_private=account.allow_private_addresses)
    return Panel(base, account.username, account.password, policy)


def _facts(changes: dict[str, Any]) -> list[tuple[str, str]]:
    info, expires = changes["provider_info"], changes["exp_date"]
    facts = []
    if info["status"]:
        facts.append(("Status", info["status"] + (" (trial)" if info["is_trial"] else "")))
    if expires:
        facts.append(("Expires", on_the_clock(expires)))
    else:
        facts.append(("Expires", "no date given"))
    if info["max_connections"] is not None:
        facts.append(("Connections", f"{info['active_connections'] or 0} of {info['max_connections']} in use"))
    if info["message"]:
        facts.append(("Message", info["message"]))
    return facts


def _guides(account: Account) -> list[str]:
    try:
        return [guide_url(normalise_base(account.server_url), account.username, account.password)]
    except AddressUnusable:
        return []


def _stored_group_names(account: Account) -> dict[str, str]:
    """Names for categories that the panel forgot to list this time: an empty list must rename nothing (trap 10)."""
    return dict(StreamGroup.objects.filter(account_id=account.pk or 0).exclude(xc_id="").values_list("xc_id", "name"))


@contextmanager
def _without_password(account: Account) -> Iterator[None]:
    """A panel may repeat the login in its error text; that must not reach logs and pages."""
    try:
        yield
    except ProviderError as error:
        text = str(error)
        for secret in (account.password, account.username):
            if len(secret) >= _SECRET_LENGTH:
                text = text.replace(secret, MASK)
        if text == str(error):
            raise
        raise ProviderError(text) from None


register_provider(XtreamProvider())
register_connection(
    ConnectionKind(
        account_type=AccountType.XTREAM,
        label="Xtream Codes",
        badge="Xtream",
        order=2,
        fields=("server_url", "username", "password"),
        check=check_xtream,
        labels={"server_url": "Server address"},
        hints={"server_url": "Name or address with port. A pasted player_api.php or get.php link is understood too."},
        placeholders={"server_url": "http://tv.example:8080"},
        guides=_guides,
    )
)
