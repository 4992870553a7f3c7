"""Mirroring a Dispatcharr server: what differs, what waits, who wins (10 §14.5, 20 §2.3, 30 §3.2).

``docs/architecture.md``, "Connected", shows the way of a change. Each app says in its own ``mirror`` package what its kinds of
rows look like on the server; nothing here knows a channel.
"""
