"""Measure how long each migration takes on a large database, and how long writers wait for it."""
