"""What the clean-up removes for this app."""

from channels_app.logos import clean_up  # noqa: F401 - importing registers its steps
