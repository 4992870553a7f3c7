"""The lineup for programs: ``/api/channels`` and what belongs to it (10 §21.2)."""
