"""Brings both database files up to date at start (50 C-2)."""

import logging

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from ecm_site.routers import QUEUE
from tasks_app.scheduling.catalogue import ensure_tasks

logger = logging.getLogger(__name__)


def prepare_databases() -> None:
    """Apply what is missing of the migrations, fold the write-ahead logs into the files, make rows for new tasks (50 T-1).

    Nothing is deleted. A log that cannot be folded because somebody reads is only a warning: it is tried again by SQLite.
    """
    for alias in (DEFAULT_DB_ALIAS, QUEUE):
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            logger.info("[DATABASE] Migrating %s", alias)
            call_command("migrate", database=alias, verbosity=0, interactive=False)
        _checkpoint(alias)
    ensure_tasks()
    connections[DEFAULT_DB_ALIAS].close()


def _checkpoint(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchone()[0]
    if busy:
        logger.warning("[DATABASE] The write-ahead log of %s is in use and was not shortened", alias)
    connections[alias].close()
