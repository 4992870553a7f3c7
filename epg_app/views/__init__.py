"""Pages of guide sources and guide channels. Written by the colleague \"guide pages\", who goes on with them."""
