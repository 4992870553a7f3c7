"""Xtream Codes panels (20 §1.6). Importing the package registers the provider."""

from m3u_app.providers.xtream import provider

__all__ = ["provider"]
