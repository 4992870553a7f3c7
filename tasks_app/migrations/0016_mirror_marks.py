# By what the mirrored installation is known again, and the doubt whether it is still the same.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0015_mirror_sent"),
    ]

    operations = [
        migrations.AddField(
            model_name="mirrorstate",
            name="marks",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="By what the installation is known again: what it made, and when.",
            ),
        ),
        migrations.AddField(
            model_name="mirrorstate",
            name="doubt",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Another installation answers: since when, where, and its marks. Empty = none.",
            ),
        ),
    ]
