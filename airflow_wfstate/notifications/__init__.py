"""Notifications about workflows. Empty so far: notices come with compensation failures."""
