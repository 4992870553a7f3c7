"""Histories of a whole house and a whole server: lists of plain steps, so that they can be made shorter and told."""
