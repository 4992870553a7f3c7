"""What pages show of a mirrored server: the mark in the header, marks beside rows, the live strip, words for differences."""
