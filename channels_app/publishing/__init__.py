"""Publishes the lineup to players: playlist, guide and a network tuner (30 §16, §17).

A task builds everything into a *generation*: a folder that holds the playlist, the guide and the tuner's documents made
from one look at the lineup. A pointer file names the current generation and is exchanged in one step, so that a player
never sees half of a change, nor a new playlist beside an old guide.

Nothing is read from the database to answer a player. What differs from player to player is put in while sending:

- Addresses. Files are stored with a placeholder byte where the address of this server goes (scheme, host, port, output
  token); it is replaced while streaming, which costs milliseconds. The guide holds no address of ours and is sent as it
  lies on disk, already packed.
- Options (other ids, one group, fewer days …). Such a *variant* is derived from the generation's own files, once, by one
  builder while the others wait, and kept with it. Variants in use are made again with the next generation before it
  goes live.
"""
