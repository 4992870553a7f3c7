"""HDHomeRun tuners and whatever plays one (20 §1.7). Importing the package registers the provider."""

from m3u_app.providers.hdhomerun import provider

__all__ = ["provider"]
