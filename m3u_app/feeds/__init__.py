"""What accounts and guide sources have in common: both read an address or a file of somebody else, again and again."""
