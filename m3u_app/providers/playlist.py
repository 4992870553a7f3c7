"""The M3U provider: a playlist behind an address, in an uploaded file or at a path on this server (20 §1.2, §2)."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecm_site.archives import ArchiveError, Content, head_of, open_content
from ecm_site.http import Download, FetchError, FetchPolicy, download, fetch_head
from m3u_app.entries import EntrySource, GroupHint
from m3u_app.importing.cached_copy import CachedCopy
from m3u_app.importing.download_pace import DownloadPace
from m3u_app.importing.read_playlist import PlaylistReader
from m3u_app.importing.sniff import SNIFF_SIZE, WEB_PAGE, looks_like_playlist, problem_with
from m3u_app.models import Account, AccountType
from m3u_app.providers.registry import ProviderError, TestReport, register_provider
from tasks_app.progress import Progress

PLAYLIST_ENDINGS = (".m3u", ".m3u8")
TEST_BYTES = 65_536
TEST_TIMEOUT = 20  # seconds without a byte: somebody waits in front of the dialog
TEST_TOTAL = 45
_TEST_NAMES = 3


class PlaylistProvider:
    account_type = AccountType.STANDARD.value

    def test(self, account: Account) -> TestReport:
        """Read the first 64 KB and say what is in them."""
        if account.file_path:
            path = _existing_file(account.file_path)
            with path.open("rb") as file:
                data, charset, size = file.read(TEST_BYTES), "", path.stat().st_size
        elif account.server_url:
            policy = _policy(account, connect_timeout=10, read_timeout=TEST_TIMEOUT, total_timeout=TEST_TOTAL)
            try:
                head = fetch_head(account.server_url, policy=policy, max_bytes=TEST_BYTES)
            except FetchError as error:
                raise ProviderError(str(error)) from error
            data, charset, size = head.data, head.charset, head.total or (len(head.data) if head.complete else 0)
        else:
            raise ProviderError("Neither an address nor a file is given.")
        return _tested(data, charset, size)

    def fetch(self, account: Account, progress: Progress) -> EntrySource:
        """Download unless nothing changed, and open the playlist for reading."""
        if account.file_path:
            return PlaylistSource(_existing_file(account.file_path), charset="")
        if not account.server_url:
            raise ProviderError("Neither an address nor a file is given. Edit the account and give one.")
        return download_playlist(account, account.server_url, progress)

    def reopen(self, account: Account) -> EntrySource | None:
        """Open the file, or the kept copy of the last good download."""
        if account.file_path:
            return PlaylistSource(_existing_file(account.file_path), charset="")
        copy = CachedCopy(account.pk)
        return PlaylistSource(copy.path, charset=_kept_charset(account)) if copy.path.exists() else None

    def has_copy(self, account: Account) -> bool:
        return Path(account.file_path).is_file() if account.file_path else CachedCopy(account.pk).path.exists()


class PlaylistSource(PlaylistReader):
    """A playlist file as an entry source. ``copy`` is where its download belongs once it was found good."""

    def __init__(
        self, path: Path, *, charset: str, copy: CachedCopy | None = None, account_changes: dict[str, Any] | None = None
    ) -> None:
        super().__init__(self._opened, charset=charset, size=path.stat().st_size)
        self.groups: list[GroupHint] = []
        self.account_changes = account_changes or {}
        self._path = path
        self._copy = copy
        self._content: Content | None = None
        self._check_start(charset)

    @property
    def position(self) -> int:
        """Bytes of the file read so far, before unpacking: the unit of ``size``."""
        return self._content.bytes_in if self._content is not None and not self._content.closed else self.size

    def batches(self, salt: bytes = b"") -> Iterator[list[tuple[int, bytes]]]:
        try:
            yield from super().batches(salt)
        except ArchiveError as error:
            raise ProviderError(str(error)) from error

    def accept(self) -> None:
        if self._copy is not None:
            self._copy.accept()
            self._copy = None

    def __enter__(self) -> "PlaylistSource":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._copy is not None:
            self._copy.reject()

    @contextmanager
    def _opened(self) -> Iterator[Content]:
        with open_content(self._path, wanted=PLAYLIST_ENDINGS, sniff=looks_like_playlist) as content:
            if self._content is None or self._content.closed:
                self._content = content
            yield content

    def _check_start(self, charset: str) -> None:
        """Raise :class:`ProviderError` for what is no playlist, before anything else is done with it (20 §2.4)."""
        try:
            with self._opened() as content:
                problem = problem_with(content.read(SNIFF_SIZE), charset)
        except ArchiveError as error:
            self.__exit__()
            raise ProviderError(str(error)) from error
        if problem:
            self.__exit__()
            raise ProviderError(problem)


def download_playlist(account: Account, url: str, progress: Progress) -> PlaylistSource:
    """Fetch ``url`` with the account's manners; when the server says "not modified", the kept copy is read again.

    Raises :class:`ProviderError`; the kept copy is as it was then.
    """
    copy = CachedCopy(account.pk)
    copy.prepare(conditional=bool(account.etag or account.last_modified))
    pace = DownloadPace(progress)
    progress.report(phase="Downloading")
    try:
        done = download(
            url,
            copy.candidate,
            policy=_policy(account),
            etag=account.etag,
            last_modified=account.last_modified,
            on_progress=pace.received,
            should_stop=lambda: bool(progress.raise_if_cancelled()),  # type: ignore[func-returns-value]
            check_start=_refuse_web_page,
        )
    except FetchError as error:
        copy.reject()
        raise ProviderError(str(error)) from error
    except BaseException:
        copy.reject()
        raise
    return PlaylistSource(copy.candidate, charset=_charset(done, account), copy=copy, account_changes=_facts(done, account))


def _facts(done: Download, account: Account) -> dict[str, Any]:
    """What the next conditional request needs."""
    if done.not_modified:
        return {}
    return {"etag": done.etag, "last_modified": done.last_modified, "provider_info": {"charset": done.charset}}


def _charset(done: Download, account: Account) -> str:
    return _kept_charset(account) if done.not_modified else done.charset


def _kept_charset(account: Account) -> str:
    info = account.provider_info
    return str(info.get("charset", "")) if isinstance(info, dict) else ""


def _refuse_web_page(start: bytes) -> None:
    """Stop a download that begins as a web page; everything else is judged when it is complete."""
    if problem_with(head_of(start, SNIFF_SIZE)) == WEB_PAGE:
        raise ProviderError(WEB_PAGE)


def _policy(account: Account, **limits: float) -> FetchPolicy:
    return FetchPolicy(user_agent=account.user_agent, allow_private=account.allow_private_addresses, **limits)  # type: ignore[arg-type]


def _existing_file(typed: str) -> Path:
    path = Path(typed)
    if not path.is_file():
        raise ProviderError("The playlist file is not there any more. Edit the account and choose it again.")
    try:
        path.open("rb").close()
    except OSError as error:
        raise ProviderError(f"The playlist file cannot be read: {error.strerror}.") from error
    return path


def _tested(data: bytes, charset: str, size: int) -> TestReport:
    start = head_of(data, TEST_BYTES)
    problem = problem_with(start, charset)
    if problem:
        return TestReport(ok=False, message=problem)
    reader = PlaylistReader(lambda: io.BytesIO(start), charset=charset)
    entries = [entry for batch in reader.batches() for _, raw in batch if (entry := reader.parse(raw)) is not None]
    facts = [("Entries in the first 64 KB", f"{len(entries):,}")]
    if size:
        facts.append(("Size", f"{size / 1_048_576:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"))
    if entries:
        facts.append(("Begins with", ", ".join(entry.name for entry in entries[:_TEST_NAMES])))
    guides = reader.header.get("guides", [])
    if guides:
        facts.append(("Guide addresses", f"{len(guides):,}"))
    if not entries:
        return TestReport(ok=False, message="This is a playlist, but its beginning holds no usable stream.", facts=facts)
    return TestReport(ok=True, message="This is a playlist.", facts=facts)


register_provider(PlaylistProvider())
