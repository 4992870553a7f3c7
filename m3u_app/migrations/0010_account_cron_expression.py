"""Refresh times of mirrored accounts. Nothing here could set any before, so what both sides agreed on so far was: none. Without
that, every account with times on a server that is mirrored already would be a conflict."""

from typing import Any

from django.db import migrations, models


def agree_on_none(apps: Any, schema_editor: Any) -> None:
    links = apps.get_model("tasks_app", "MirrorLink").objects.filter(kind="account")
    for link in links.exclude(agreed={}):
        link.agreed.setdefault("cron_expression", "")
        link.save(update_fields=["agreed"])


class Migration(migrations.Migration):
    dependencies = [
        ("m3u_app", "0009_changes_by_state"),
        ("tasks_app", "0012_mirror"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="cron_expression",
            field=models.CharField(
                blank=True,
                help_text="Of a mirrored account: when its server refreshes it, instead of every so many hours.",
                max_length=255,
            ),
        ),
        migrations.RunPython(agree_on_none, migrations.RunPython.noop),
    ]
