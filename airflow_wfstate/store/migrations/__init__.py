"""Alembic migrations of the ``wfstate_*`` tables."""
