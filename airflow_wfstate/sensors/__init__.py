"""Sensors on workflows. Empty so far: waiting for a workflow comes with the events of outside services."""
