"""A small provider and guide of our own, so that a newcomer sees full screens before owning a playlist.

All stations are invented and all addresses lead nowhere (``.invalid``, RFC 6761). The files are imported like anybody's.
"""
