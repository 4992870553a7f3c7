"""Brings names of existing channels in line with today's knowledge, row by row and with consent (10 §11)."""
