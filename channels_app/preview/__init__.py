"""Looking at a stream or a channel in the browser, and handing its address to a player (10 §19)."""
