"""What the server can do to a stream that is looked at, in words (10 §19)."""

MODES = {
    "passthrough": "As it is: nothing is converted",
    "transcode": "Convert the sound to AAC, for Dolby and DTS",
    "video_only": "Only the picture, without sound",
}
