"""From standalone to connected, back again, and from one server to another; each previewed and after a snapshot.

``docs/architecture.md``, "Connected", names the ways. What belongs to an app is done by its
:class:`~tasks_app.switching.rooms.Room`.
"""
