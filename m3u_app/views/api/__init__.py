"""Accounts, filters, profiles and server groups for programs (20 §21)."""
