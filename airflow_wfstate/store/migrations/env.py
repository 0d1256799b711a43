"""Alembic's environment: the connection to Airflow's metadata database, our metadata and our version table."""

from __future__ import annotations

import contextlib

from airflow import settings
from alembic import context
from sqlalchemy import Engine

from airflow_wfstate.store.database import search_indexes
from airflow_wfstate.store.db_manager import WorkflowStateDBManager


def _engine() -> Engine:
    if settings.engine is None:
        raise RuntimeError("Airflow's settings are not initialised; run the migrations with: airflow db migrate")
    return settings.engine


def include_name(name: str | None, kind: str, parent_names: object) -> bool:
    """Exclude Airflow's own tables, and indexes that are not part of the metadata."""
    return (
        name not in search_indexes.NAMES if kind == "index" else kind != "table" or (name or "").startswith("wfstate_")
    )


def run_migrations_offline() -> None:
    """Print the SQL of the migrations."""
    context.configure(
        url=settings.SQL_ALCHEMY_CONN,
        target_metadata=WorkflowStateDBManager.metadata,
        version_table=WorkflowStateDBManager.version_table_name,
        literal_binds=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run the migrations on Airflow's engine, or on the connection given in the configuration.

    Commits whatever that connection has done before.
    """
    given = context.config.attributes.get("connection")
    with contextlib.ExitStack() as stack:
        connection = given if given is not None else stack.enter_context(_engine().connect())
        # A revision commits as it goes, which is impossible inside a transaction begun elsewhere.
        connection.commit()
        context.configure(
            connection=connection,
            transaction_per_migration=True,
            render_as_batch=connection.dialect.name == "sqlite",
            include_name=include_name,
            target_metadata=WorkflowStateDBManager.metadata,
            version_table=WorkflowStateDBManager.version_table_name,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
