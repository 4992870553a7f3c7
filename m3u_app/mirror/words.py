"""Sentences about what a mirrored server cannot do, for pages and for refusals alike."""

FILE_STAYS = (
    "Dispatcharr cannot exchange the playlist file of an account. Add another account with the new file and delete this one,"
    " or give an address."
)
