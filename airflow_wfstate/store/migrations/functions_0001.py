"""The stored functions of revision 0001: a frozen copy, independent of store/database/stored_functions.py."""

from __future__ import annotations

from typing import Final

STORED_FUNCTIONS: Final = (
    """
CREATE OR REPLACE FUNCTION wfstate_begin_new_step(
    p_task_instance_id uuid, p_name text, p_item_key text, p_step_id uuid,
    p_handler text, p_compensate_when text, p_max_attempts integer, p_relay_task_id text
) RETURNS TABLE (workflow_id uuid, name text, key text, generation integer, correlation_id text, secret text)
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
        RETURN;
    END IF;
    UPDATE wfstate_workflow w
       SET version = w.version + 1, journal_count = w.journal_count + 1, updated_at = clock_timestamp()
     WHERE w.id = task.workflow_id AND w.state = 'running'
    RETURNING w.id, w.name, w.key, w.generation, w.correlation_id, w.secret, w.journal_count, w.updated_at INTO flow;
    IF NOT FOUND THEN
        RETURN;
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
    RETURN QUERY SELECT flow.id, flow.name::text, flow.key::text, flow.generation, flow.correlation_id::text,
                        flow.secret::text;
END $function$
""",
    """
CREATE OR REPLACE FUNCTION wfstate_end_running_attempt(
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_state text,
    p_output text, p_output_type text, p_output_sha256 text, p_error text, p_kind text, p_data text
) RETURNS boolean
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    step record;
    entry bigint;
    moment timestamptz;
BEGIN
    SELECT s.participant, s.name, s.item_key, a.dag_id, a.run_id, a.task_id, a.map_index
      INTO step
      FROM wfstate_step s
      JOIN wfstate_attempt a ON a.step_id = s.id AND a.number = s.attempt
     WHERE s.id = p_step_id AND s.workflow_id = p_workflow_id AND s.attempt = p_attempt AND s.round = p_round
       AND s.state = 'running' AND a.state = 'running' AND a.last_write < p_write;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE wfstate_workflow w
       SET version = w.version + 1, journal_count = w.journal_count + 1, updated_at = clock_timestamp()
     WHERE w.id = p_workflow_id
    RETURNING w.journal_count, w.updated_at INTO entry, moment;
    UPDATE wfstate_step s SET state = p_state, error = p_error, updated_at = moment
     WHERE s.id = p_step_id AND s.attempt = p_attempt AND s.state = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'step % was changed meanwhile', p_step_id USING ERRCODE = 'serialization_failure';
    END IF;
    UPDATE wfstate_round r
       SET state = p_state, last_entry = entry, output = coalesce(p_output, r.output),
           output_type = coalesce(p_output_type, r.output_type),
           output_sha256 = coalesce(p_output_sha256, r.output_sha256)
     WHERE r.step_id = p_step_id AND r.number = p_round;
    UPDATE wfstate_attempt a
       SET state = p_state, last_write = p_write, error = p_error,
           ended_at = CASE WHEN p_state = 'waiting' THEN NULL ELSE moment END
     WHERE a.step_id = p_step_id AND a.number = p_attempt;
    INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, attempt, actor, data)
    VALUES (p_workflow_id, entry, moment, p_kind,
            step.participant || '.' || step.name
                || CASE WHEN step.item_key = '' THEN '' ELSE '[' || step.item_key || ']' END,
            p_attempt,
            'task:' || step.dag_id || '/' || step.run_id || '/' || step.task_id
                || CASE WHEN step.map_index >= 0 THEN '[' || step.map_index || ']' ELSE '' END,
            p_data);
    RETURN true;
END $function$
""",
    """
CREATE OR REPLACE FUNCTION wfstate_save_checkpoint(
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_name text,
    p_value text, p_value_type text, p_value_sha256 text
) RETURNS boolean
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM wfstate_workflow w WHERE w.id = p_workflow_id AND w.state = 'running'
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write
     WHERE a.step_id = p_step_id AND a.number = p_attempt AND a.last_write < p_write
       AND a.state = 'running';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO wfstate_checkpoint AS c
        (step_id, round, name, value, value_type, value_sha256, attempt, saved_at)
    VALUES (p_step_id, p_round, p_name, p_value, p_value_type, p_value_sha256, p_attempt, clock_timestamp())
    ON CONFLICT (step_id, round, name) DO UPDATE
       SET value = excluded.value, value_type = excluded.value_type, value_sha256 = excluded.value_sha256,
           attempt = excluded.attempt, saved_at = excluded.saved_at;
    RETURN true;
END $function$
""",
    """
CREATE OR REPLACE FUNCTION wfstate_save_record(
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_name text,
    p_value text, p_value_type text, p_value_sha256 text, p_is_error boolean
) RETURNS boolean
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM wfstate_workflow w WHERE w.id = p_workflow_id AND w.state = 'running'
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write
     WHERE a.step_id = p_step_id AND a.number = p_attempt AND a.last_write < p_write
       AND a.state = 'running';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO wfstate_record
        (step_id, round, name, value, value_type, value_sha256, is_error, attempt, write, saved_at)
    VALUES (p_step_id, p_round, p_name, p_value, p_value_type, p_value_sha256, p_is_error, p_attempt, p_write,
            clock_timestamp())
    ON CONFLICT (step_id, round, name) DO NOTHING;
    RETURN true;
END $function$
""",
)

DROP_STORED_FUNCTIONS: Final = (
    "DROP FUNCTION IF EXISTS wfstate_begin_new_step(uuid, text, text, uuid, text, text, integer, text)",
    "DROP FUNCTION IF EXISTS wfstate_end_running_attempt(uuid, uuid, integer, integer, bigint, text, text, text, text, text, text, text)",
    "DROP FUNCTION IF EXISTS wfstate_save_checkpoint(uuid, uuid, integer, integer, bigint, text, text, text, text)",
    "DROP FUNCTION IF EXISTS wfstate_save_record(uuid, uuid, integer, integer, bigint, text, text, text, text, boolean)",
)
