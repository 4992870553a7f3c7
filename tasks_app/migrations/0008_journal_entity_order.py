"""The history of one thing is read in the order of its index, so that SQLite chooses that one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks_app", "0007_journal_counts_and_text_index")]

    operations = [
        migrations.RemoveIndex(model_name="journalentry", name="journal_entity"),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["category", "entity_id", "-timestamp", "-id"], name="journal_entity"),
        ),
    ]
