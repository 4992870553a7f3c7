"""One class per kind of row: typed methods, the server's addresses and traps inside."""
