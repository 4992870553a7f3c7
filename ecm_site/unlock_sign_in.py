"""Use case: let a name sign in again that has to wait after wrong passwords (50 U-10, §14)."""

import logging

from ecm_site.sign_in_limits import clear_failures
from tasks_app import journal

logger = logging.getLogger(__name__)


def unlock_sign_in(name: str) -> int:
    """Forget the failed sign-ins of ``name`` and return how many there were; the name need not exist."""
    forgotten = clear_failures(name)
    if forgotten:
        journal.log_entry(
            "auth",
            "unlock",
            entity_type="sign_in",
            entity_name=name.strip(),
            description=f"Let “{name.strip()}” sign in again after {forgotten} wrong passwords",
        )
        logger.info("[AUTH] Forgot %s failed sign-ins of %s", forgotten, name.strip())
    return forgotten
