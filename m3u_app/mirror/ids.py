"""Numbers of the server's rows that exist inside an account: account and row in one number, so that both are always known."""

_BITS = 32
_MASK = (1 << _BITS) - 1


def joined(account_id: int, row_id: int) -> int:
    """One number for the row ``row_id`` of the account ``account_id``, both as the server counts.

    Raises ``ValueError`` when one of them can be no id.
    """
    if not all(type(number) is int and 0 < number <= _MASK for number in (account_id, row_id)):
        raise ValueError("its id is none")
    return account_id << _BITS | row_id


def parted(remote_id: int) -> tuple[int, int]:
    """(account, row) of a number that :func:`joined` made."""
    return remote_id >> _BITS, remote_id & _MASK
