"""Sensors: tasks that wait for a workflow or for a step of a workflow."""
