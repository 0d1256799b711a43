"""A database with a history: finished workflows of 100 steps each."""

from __future__ import annotations

import psycopg

_WORKFLOWS = """
INSERT INTO wfstate_workflow (id, name, key, generation, correlation_id, state, version, journal_count,
    definition_sha256, implicit, reopened, on_failure, input, input_type, input_sha256, secret, started_at, updated_at,
    ended_at)
SELECT uuidv7(), 'history', 'order-' || n, 1, 'order-' || n, 'succeeded', 202, 202, repeat('0', 64), false, false,
    'hold', '{}', 'dict', repeat('0', 64), repeat('0', 64), now(), now(), now()
FROM generate_series(1, %(workflows)s) n
"""

_FILL = (
    "INSERT INTO wfstate_definition VALUES ('history', repeat('0', 64), '{}', now())",
    _WORKFLOWS,
    "INSERT INTO wfstate_run (workflow_id, dag_id, run_id, role, bound, linked_at) "
    "SELECT id, 'history', 'manual__' || key, 'owner', true, now() FROM wfstate_workflow WHERE name = 'history'",
    "INSERT INTO wfstate_step (id, workflow_id, participant, name, item_key, state, round, attempt, started_at, "
    "updated_at) SELECT uuidv7(), id, 'history', 'step-' || n, '', 'succeeded', 1, 1, now(), now() "
    "FROM wfstate_workflow, generate_series(1, 100) n WHERE wfstate_workflow.name = 'history'",
    "INSERT INTO wfstate_round SELECT id, 1, 'succeeded', '\"' || repeat('x', 998) || '\"', 'str', repeat('0', 64) "
    "FROM wfstate_step WHERE participant = 'history'",
    "INSERT INTO wfstate_attempt (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, "
    "task_id, map_index, try_number, started_at, ended_at) SELECT s.id, 1, 1, 'succeeded', 1, uuidv7(), 'history', "
    "'manual__' || w.key, s.name, -1, 1, now(), now() FROM wfstate_step s JOIN wfstate_workflow w "
    "ON w.id = s.workflow_id WHERE s.participant = 'history'",
    "INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data) "
    "SELECT w.id, 2 * n - 1 + part, now(), (ARRAY['step.began', 'step.succeeded'])[part + 1], 'history.step-' || n, 1, "
    "'task:history/manual__' || w.key || '/step-' || n, "
    '\'{"round":1,"task_instance_id":"\' || w.id || \'","try_number":1}\' '
    "FROM wfstate_workflow w, generate_series(1, 100) n, generate_series(0, 1) part WHERE w.name = 'history'",
)


def fill(url: str, steps: int) -> None:
    """Insert finished steps with their workflows, rounds (1 kB output), attempts and two journal entries each.

    :param url: a libpq URL of a migrated database.
    :param steps: how many, a multiple of 100.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        # The rows are consistent by construction, and checking every foreign key would take most of the time.
        connection.execute("SET session_replication_role = replica")
        for statement in _FILL:
            connection.execute(statement, {"workflows": steps // 100} if statement is _WORKFLOWS else None)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
