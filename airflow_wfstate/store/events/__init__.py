"""Events of services: received once, applied to their workflows, looked after when they cannot be."""
