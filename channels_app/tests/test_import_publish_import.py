"""What is imported, published and imported again is the same (20, 30): nothing is lost on the way through the house."""

from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.models import Channel, ChannelStream
from channels_app.tests.publish_fixtures import Published, published
from ecm_site.conf import save_settings
from m3u_app.models import Account, Stream
from m3u_app.refresh_account import refresh_account
from tasks_app.progress import NoProgress

__all__ = ["published"]

NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='",'), min_size=1, max_size=20).map(
    lambda text: f"N{text}"
)
LOOKED_AT = ("name", "url", "tvg_id", "logo_url", "is_catchup", "catchup_days")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=6))
def test_import_publish_import_gives_the_same_streams(published: Published, tmp_path: Path, names: list[str]) -> None:
    for model in (ChannelStream, Channel, Stream, Account):
        model.objects.all().delete()
    save_settings(output_direct_urls=True)
    source, copy = tmp_path / "source.m3u", tmp_path / "copy.m3u"
    lines = ["#EXTM3U"]
    for number, name in enumerate(names):
        lines += [
            f'#EXTINF:-1 tvg-id="id{number}" tvg-logo="http://l/{number}.png" catchup="default" catchup-days="3"'
            f' group-title="G",{name}',
            f"http://provider.example/x/{number}.ts",
        ]
    source.write_text("\n".join(lines) + "\n")
    first = Account.objects.create(name="First", file_path=str(source))
    refresh_account(first.pk, progress=NoProgress())
    for place, stream in enumerate(Stream.objects.filter(account=first).order_by("pk"), 1):
        channel = Channel.objects.create(
            name=stream.name, number=Decimal(place), tvg_id=stream.tvg_id, logo_url=stream.logo_url
        )
        ChannelStream.objects.create(channel=channel, stream=stream, position=1)
    published.publish()
    answer = published.get("/output/m3u?direct=true")
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    copy.write_bytes(body)
    second = Account.objects.create(name="Second", file_path=str(copy))
    refresh_account(second.pk, progress=NoProgress())
    found = [list(Stream.objects.filter(account=account).order_by("pk").values_list(*LOOKED_AT)) for account in (first, second)]
    assert found[0] == found[1]
