"""Use case: change some settings, journalled with what they were before (50 S-1, S-3)."""

import logging
from dataclasses import asdict
from typing import Any

from ecm_site.conf import get_settings, save_settings
from tasks_app import journal

logger = logging.getLogger(__name__)


def change_settings(section: str, changes: dict[str, Any]) -> list[str]:
    """Save ``changes`` and nothing else; return the names of settings that really changed.

    ``section`` names the page for the journal. Raises ``ValueError`` naming the field; then nothing is saved.
    """
    before = asdict(get_settings())
    after = asdict(save_settings(**changes))
    changed = [name for name in changes if before[name] != after[name]]
    if changed:
        journal.log_entry(
            "settings",
            "update",
            entity_type="settings",
            entity_name=section,
            description=f"Changed settings under {section}: {', '.join(_words(name) for name in changed)}",
            before={name: _plain(before[name]) for name in changed},
            after={name: _plain(after[name]) for name in changed},
        )
        logger.info("[SETTINGS] Changed %s", ", ".join(changed))
    return changed


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
