"""The floor: two bare psycopg 3 transactions that write the same rows as the life of a step.

Each is one prepared statement, without a guard, a fencing token or a lock that it waits for on purpose. It is the least
that PostgreSQL needs on this machine.
"""

from __future__ import annotations

import uuid6
from psycopg import connect

from benchmarks.output import OUTPUT

_BEGIN = """
WITH task AS (
    SELECT t.dag_id, t.run_id, t.task_id, r.workflow_id FROM task_instance t
      JOIN wfstate_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id AND r.bound WHERE t.id = %(task)s::uuid
), flow AS (
    UPDATE wfstate_workflow w SET version = version + 1, journal_count = journal_count + 1, updated_at = now()
      FROM task WHERE w.id = task.workflow_id RETURNING w.id, w.journal_count
), step AS (
    INSERT INTO wfstate_step
        (id, workflow_id, participant, name, item_key, state, round, attempt, started_at, updated_at)
    SELECT %(step)s::uuid, id, dag_id, %(name)s::text, '', 'running', 1, 1, now(), now() FROM flow, task
), round AS (
    INSERT INTO wfstate_round (step_id, number, state)
    SELECT %(step)s::uuid, 1, 'running' FROM flow
), attempt AS (
    INSERT INTO wfstate_attempt
        (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, task_id, map_index, try_number,
         started_at)
    SELECT %(step)s::uuid, 1, 1, 'running', 0, %(task)s::uuid, dag_id, run_id, task_id, -1, 1, now() FROM task
)
INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data)
SELECT id, journal_count, now(), 'step.began', %(name)s::text, 1, 'the floor', '{"round":1}' FROM flow
"""

_END = """
WITH step AS (
    UPDATE wfstate_step SET state = 'succeeded', updated_at = now() WHERE id = %(step)s::uuid
    RETURNING workflow_id, name
), flow AS (
    UPDATE wfstate_workflow w SET version = version + 1, journal_count = journal_count + 1, updated_at = now()
      FROM step WHERE w.id = step.workflow_id RETURNING w.id, w.journal_count, step.name
), round AS (
    UPDATE wfstate_round r
       SET state = 'succeeded', output = %(output)s::text, output_type = 'str',
           output_sha256 = %(sha256)s::text
      FROM flow WHERE r.step_id = %(step)s::uuid AND r.number = 1
), attempt AS (
    UPDATE wfstate_attempt SET state = 'succeeded', last_write = 1, ended_at = now()
     WHERE step_id = %(step)s::uuid AND number = 1
)
INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data)
SELECT id, journal_count, now(), 'step.succeeded', name, 1, 'the floor', %(data)s::text FROM flow
"""


class Floor:
    """Writes the rows of a step's life.

    :param url: a libpq URL.
    """

    def __init__(self, url: str) -> None:
        self._connection = connect(url, autocommit=True)
        self._ended = {
            "output": OUTPUT.text,
            "sha256": OUTPUT.sha256,
            "data": f'{{"output":{{"type":"str","size":{OUTPUT.size},"sha256":"{OUTPUT.sha256}"}}}}',
        }

    def begin(self, task_instance_id: str, name: str) -> str:
        """Write what a begin writes, and return the step's id."""
        step_id = str(uuid6.uuid7())
        self._connection.execute(_BEGIN, {"task": task_instance_id, "step": step_id, "name": name}, prepare=True)
        return step_id

    def end(self, attempt: str) -> None:
        """Write what an end writes."""
        self._connection.execute(_END, {"step": attempt, **self._ended}, prepare=True)
