"""Fills Gracenote ids of channels from what guides and playlists brought along (10 §18)."""
