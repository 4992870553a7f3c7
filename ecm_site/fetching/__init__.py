"""The guarded HTTP client in small parts; callers import :mod:`ecm_site.http` (DESIGN §7)."""
