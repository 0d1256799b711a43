"""Fill a large database at revision 0006 with a few SQL statements."""

from __future__ import annotations

from typing import Final

import psycopg

STEPS_OF_A_WORKFLOW: Final = 10
_PREFIX: Final = "00000000-0000-7000-8000-"

_STATEMENTS: Final = (
    """
INSERT INTO wfstate_definition (name, sha256, content, created_at)
SELECT 'order', repeat('0', 64), '{}', now()
""",
    """
INSERT INTO wfstate_workflow (id, name, key, generation, correlation_id, state, version, journal_count,
       definition_sha256, implicit, reopened, on_failure, input, input_type, input_sha256, output, output_type,
       output_sha256, error, secret, started_at, updated_at, ended_at, deadline_at)
SELECT {workflow}, 'order', 'order-' || w, 1, md5('correlation' || w), its.state, 22, 22, repeat('0', 64), false, false,
       'hold', '{{"order_id": ' || w || '}}', 'dict', md5(w::text) || md5(w::text), '"done"', 'str',
       md5('o' || w) || md5('p' || w), CASE WHEN its.state <> 'succeeded' THEN 'OutOfStock: nothing left of ' || w END,
       md5('s' || w) || md5('t' || w), its.at, its.at + interval '2 minutes',
       CASE WHEN its.state NOT IN ('failed', 'running') THEN its.at + interval '2 minutes' END,
       CASE WHEN w % 7 = 0 THEN its.at + interval '1 day' END
  FROM generate_series(1, {workflows}) AS w
 CROSS JOIN LATERAL (SELECT now() - w * interval '3 seconds' AS at,
       CASE w % 50 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' WHEN 2 THEN 'compensated' WHEN 3 THEN 'running'
                   ELSE 'succeeded' END AS state) AS its
""",
    """
INSERT INTO wfstate_run (workflow_id, dag_id, run_id, role, bound, relay_task_id, parent_step_id, linked_at)
SELECT {workflow}, 'fill_order', 'run-' || w, 'owner', true, 'compensate', NULL, now()
  FROM generate_series(1, {workflows}) AS w
 UNION ALL
SELECT {workflow}, 'fill_mail', 'mail-' || w, 'child', true, 'compensate', {step}, now()
  FROM generate_series(1, {workflows}) AS w CROSS JOIN LATERAL (SELECT w * {per} AS n) AS its
""",
    """
INSERT INTO wfstate_step (id, workflow_id, participant, name, item_key, state, round, attempt, started_at, updated_at)
SELECT {step}, {workflow}, CASE WHEN n % {per} = 1 THEN 'fill_mail' ELSE 'fill_order' END, 'step_' || n % {per}, '',
       'succeeded', 1, 1, now(), now()
  FROM generate_series({per}, {steps} + {per} - 1) AS n CROSS JOIN LATERAL (SELECT n / {per} AS w) AS its
""",
    """
INSERT INTO wfstate_round (step_id, number, state, last_entry, output, output_type, output_sha256)
SELECT {step}, 1, 'succeeded', 2 * (n % {per}) + 3, '{{"row": ' || n || '}}', 'dict', md5(n::text) || md5(n::text)
  FROM generate_series({per}, {steps} + {per} - 1) AS n
""",
    """
INSERT INTO wfstate_attempt (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, task_id,
       map_index, try_number, started_at, ended_at)
SELECT {step}, 1, 1, 'succeeded', 1, {step}, CASE WHEN n % {per} = 1 THEN 'fill_mail' ELSE 'fill_order' END,
       CASE WHEN n % {per} = 1 THEN 'mail-' ELSE 'run-' END || n / {per}, 'step_' || n % {per}, -1, 1, now(), now()
  FROM generate_series({per}, {steps} + {per} - 1) AS n
""",
    """
INSERT INTO wfstate_compensation (step_id, round, workflow_id, state, handler, compensate_when, max_attempts, attempts,
       dag_id, run_id)
SELECT {step}, 1, {workflow}, 'discarded', 'task:undo', 'attempted', 3, 0, 'fill_order', 'run-' || w
  FROM generate_series({per}, {steps} + {per} - 1) AS n CROSS JOIN LATERAL (SELECT n / {per} AS w) AS its
 WHERE n % 2 = 0
""",
    """
INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data)
SELECT {workflow}, 1 + 2 * (n % {per}) + half, now(), CASE half WHEN 1 THEN 'step.began' ELSE 'step.succeeded' END,
       'fill_order.step_' || n % {per}, 1, 'task:fill_order/run-' || w || '/step_' || n % {per}, '{{"round":1}}'
  FROM generate_series({per}, {steps} + {per} - 1) AS n CROSS JOIN generate_series(1, 2) AS half
 CROSS JOIN LATERAL (SELECT n / {per} AS w) AS its
""",
    """
INSERT INTO wfstate_journal (workflow_id, number, at, kind, actor, data)
SELECT {workflow}, CASE half WHEN 1 THEN 1 ELSE 22 END, now(),
       CASE half WHEN 1 THEN 'workflow.started' ELSE 'workflow.' || CASE w % 50 WHEN 0 THEN 'failed'
            WHEN 1 THEN 'cancelled' WHEN 2 THEN 'compensated' WHEN 3 THEN 'resumed' ELSE 'succeeded' END END,
       'task:fill_order/run-' || w || '/start', '{{}}'
  FROM generate_series(1, {workflows}) AS w CROSS JOIN generate_series(1, 2) AS half
""",
)


def fill(url: str, steps: int) -> None:
    """Write workflows of ten steps each. Every second step has a compensation; one in ten belongs to a child run.

    :param url: a libpq URL of a database at revision 0006.
    """
    names = {
        "workflows": str(steps // STEPS_OF_A_WORKFLOW),
        "steps": str(steps),
        "per": str(STEPS_OF_A_WORKFLOW),
        "workflow": f"('{_PREFIX}' || lpad(to_hex(w), 12, '0'))::uuid",
        "step": f"('{_PREFIX}' || lpad(to_hex(n), 12, '0'))::uuid",
    }
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_STATEMENTS[0])
        for statement in _STATEMENTS[1:]:
            connection.execute(statement.format(**names))  # type: ignore[arg-type]  # our own text
        connection.execute("VACUUM (ANALYZE)")
