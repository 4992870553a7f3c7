"""30 §2.2: deleting a guide says which channels lose it, and journals each of them."""

import pytest

from channels_app.models import Channel
from epg_app.delete_source import delete_source, preview_deletion
from epg_app.models import GuideEntry, GuideSource
from tasks_app.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> GuideSource:
    source = GuideSource.objects.create(name="Guide", url="http://guide.example/")
    other = GuideSource.objects.create(name="Other", url="http://other.example/")
    entry = GuideEntry.objects.create(source=source, tvg_id="a", name="A")
    kept = GuideEntry.objects.create(source=other, tvg_id="a", name="A")
    for number in range(7):
        Channel.objects.create(name=f"Channel {number}", tvg_id="a", guide_entry=entry)
    Channel.objects.create(name="Elsewhere", guide_entry=kept)
    return source


def test_the_confirmation_counts_channels_and_names_some(source: GuideSource) -> None:
    [loss] = preview_deletion(source.pk).losses
    assert loss.sentence == "7 channels left without guide"
    assert loss.samples == [f"Channel {number}" for number in range(5)]
    assert loss.is_grave


def test_channels_keep_their_id_and_leave_a_journal_entry_each(source: GuideSource) -> None:
    deletion = delete_source(source.pk)
    assert deletion.channels == 7
    assert Channel.objects.filter(guide_entry=None, tvg_id="a").count() == 7
    assert Channel.objects.get(name="Elsewhere").guide_entry is not None
    entries = JournalEntry.objects.filter(category="channel")
    assert entries.count() == 7
    assert len(set(entries.values_list("batch_id", flat=True))) == 1


def test_a_guide_that_no_channel_uses_costs_nothing() -> None:
    source = GuideSource.objects.create(name="Unused", url="http://guide.example/")
    assert preview_deletion(source.pk).losses == []
