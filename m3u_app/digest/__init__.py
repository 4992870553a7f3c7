"""The digest of playlist changes: collected, rendered, sent by mail and Discord (20 §11)."""
