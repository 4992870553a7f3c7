def catch_up() -> None:
    return None
