"""Use case: the e-mail recipients of the settings page, which are an alert method like every other (50 §4.5)."""

from dataclasses import dataclass

from tasks_app.alerts.addresses import InvalidRecipients, read_recipients
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.edit_methods import create_method, delete_method, update_method
from tasks_app.alerts.queries import recipient_list

NAME = "E-mail alerts"


@dataclass(frozen=True)
class SavedRecipients:
    addresses: tuple[str, ...] = ()
    duplicates: int = 0


def save_recipients(text: str) -> SavedRecipients:
    """Store the addresses in ``text``; none removes the method. Raises :class:`InvalidMethod`."""
    listed = recipient_list()
    if not text.strip(" \t\r\n,;"):
        if listed is not None:
            delete_method(listed.pk)
        return SavedRecipients()
    try:
        found = read_recipients(text)
    except InvalidRecipients as error:
        raise InvalidMethod("to_emails", str(error)) from error
    config = {"to_emails": list(found.addresses)}
    if listed is None:
        create_method("smtp", {"name": NAME, "config": config}, is_recipient_list=True)
    else:
        update_method(listed.pk, {"config": config})
    return SavedRecipients(found.addresses, found.duplicates)
