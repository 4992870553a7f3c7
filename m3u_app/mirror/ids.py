"""Numbers of the server's rows that exist inside an account: account and row in one number, so that both are always known."""

_BITS = 32
_MASK = (1 << _BITS) - 1


def joined(account_id: int, row_id: int) -> int:
    """One number for the row ``row_id`` of the account ``account_id``, both as the server counts.

    Raises ``ValueError`` when one of them can be no id.
    """
    if not can_be_joined(account_id) or not can_be_joined(row_id):
        raise ValueError("its id is none")
    return account_id << _BITS | row_id


def can_be_joined(number: object) -> bool:
    """Whether ``number`` is an id that has room in such a number."""
    return type(number) is int and 0 < number <= _MASK


def parted(remote_id: int) -> tuple[int, int]:
    """(account, row) of a number that :func:`joined` made."""
    return remote_id >> _BITS, remote_id & _MASK
