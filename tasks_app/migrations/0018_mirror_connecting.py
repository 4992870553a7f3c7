from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0017_mirror_stand_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="mirrorstate",
            name="connecting",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Way of connecting that was begun and is not finished.",
                max_length=8,
            ),
        ),
    ]
