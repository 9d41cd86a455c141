"""Runs from their configuration to their end: one, a sweep of them, branches of one."""
