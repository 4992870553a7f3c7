"""What the clean-up removes for this app."""

from channels_app.drafts import upkeep  # noqa: F401 - importing registers its steps
from channels_app.logos import clean_up  # noqa: F401 - as above
