"""The stored function that revision 0002 creates: a frozen copy, independent of store/database/stored_functions.py."""

from __future__ import annotations

from typing import Final

BEGIN_FIRST_ATTEMPT: Final = """
CREATE OR REPLACE FUNCTION wfstate_begin_first_attempt(
    p_task_instance_id uuid, p_name text, p_item_key text, p_step_id uuid,
    p_handler text, p_compensate_when text, p_max_attempts integer, p_relay_task_id text
) RETURNS text[]
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    task record;
    flow record;
    entry bigint;
    moment timestamptz;
BEGIN
    SELECT ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number, run.workflow_id, run.relay_task_id,
           EXISTS (
               SELECT 1 FROM wfstate_step s
                WHERE s.workflow_id = run.workflow_id AND s.participant = ti.dag_id AND s.name = p_name
                  AND s.item_key = p_item_key
           ) AS has_begun
      INTO task
      FROM task_instance ti
      JOIN wfstate_run run ON run.dag_id = ti.dag_id AND run.run_id = ti.run_id AND run.bound
     WHERE ti.id = p_task_instance_id AND ti.state = 'running';
    IF NOT FOUND OR task.has_begun
       OR (p_relay_task_id IS NOT NULL AND task.relay_task_id IS DISTINCT FROM p_relay_task_id) THEN
        RETURN NULL;
    END IF;
    UPDATE wfstate_workflow w
       SET version = w.version + 1, journal_count = w.journal_count + 1, updated_at = clock_timestamp()
     WHERE w.id = task.workflow_id AND w.state = 'running'
    RETURNING w.id, w.name, w.key, w.generation, w.correlation_id, w.secret, w.journal_count, w.updated_at INTO flow;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    entry := flow.journal_count;
    moment := flow.updated_at;
    -- Where another has begun the step meanwhile, its unique key lets this transaction fail.
    INSERT INTO wfstate_step
        (id, workflow_id, participant, name, item_key, state, round, attempt, started_at, updated_at)
    VALUES (p_step_id, flow.id, task.dag_id, p_name, p_item_key, 'running', 1, 1, moment, moment);
    INSERT INTO wfstate_round (step_id, number, state, last_entry)
    VALUES (p_step_id, 1, 'running', entry);
    INSERT INTO wfstate_attempt
        (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, task_id, map_index, try_number,
         started_at)
    VALUES (p_step_id, 1, 1, 'running', 0, p_task_instance_id, task.dag_id, task.run_id,
            task.task_id, task.map_index, task.try_number, moment);
    IF p_handler IS NOT NULL THEN
        INSERT INTO wfstate_compensation
            (step_id, round, workflow_id, state, handler, compensate_when, max_attempts, attempts, dag_id, run_id)
        VALUES (p_step_id, 1, flow.id, 'armed', p_handler,
                coalesce(p_compensate_when, 'attempted'), p_max_attempts, 0, task.dag_id,
                task.run_id);
    END IF;
    INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data)
    VALUES (flow.id, entry, moment, 'step.began',
            task.dag_id || '.' || p_name || CASE WHEN p_item_key = '' THEN '' ELSE '[' || p_item_key || ']' END, 1,
            'task:' || task.dag_id || '/' || task.run_id || '/' || task.task_id
                || CASE WHEN task.map_index >= 0 THEN '[' || task.map_index || ']' ELSE '' END,
            json_build_object('round', 1, 'task_instance_id', p_task_instance_id, 'try_number',
                              task.try_number)::text);
    RETURN ARRAY[flow.id::text, flow.name, flow.key, flow.generation::text, flow.correlation_id, flow.secret];
END $function$
"""

DROP_BEGIN_FIRST_ATTEMPT: Final = (
    "DROP FUNCTION IF EXISTS wfstate_begin_first_attempt(uuid, text, text, uuid, text, text, integer, text)"
)
