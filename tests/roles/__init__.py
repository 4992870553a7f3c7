"""Who may do what, tried at every address of the house and on every page (50 U-5, §16)."""
