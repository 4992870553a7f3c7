"""``manage.py prepare_databases``: apply migrations to both database files."""

from typing import Any

from django.core.management.base import BaseCommand

from ecm_site.serving.databases import prepare_databases


class Command(BaseCommand):
    help = "Bring both databases up to date and shorten their write-ahead logs. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_databases()
