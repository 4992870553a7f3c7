"""Sends django-q2's broker tables to their own SQLite file, so that queue writes never wait for domain writes."""

from typing import Any

QUEUE = "queue"


class QueueRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return QUEUE if model._meta.app_label == "django_q" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (app_label == "django_q") == (db == QUEUE)
