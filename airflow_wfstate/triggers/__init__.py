"""Triggers. Empty so far: waits use triggers of the standard provider."""
