"""Drafts: edits that are staged on the server and applied as a whole (10 §13–14; ``docs/architecture.md``, "Drafts")."""
