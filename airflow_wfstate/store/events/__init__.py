"""Events of services: received once, applied to their workflows, and kept for operators if they cannot be."""
