"""The stored functions that revision 0020 adds: a frozen copy, independent of store/database/stored_functions.py."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.store.migrations import functions_0007, functions_0011

BEFORE: Final = (functions_0011.CREATE[1], *functions_0007.CREATE[2:])
"""The functions that take no attempt key: end of an attempt, checkpoint and record."""

DROP: Final = (
    "DROP FUNCTION IF EXISTS wfstate_end_running_attempt(uuid, uuid, integer, integer, bigint, text, text, text, text, text, text, text, text, text, text)",
    "DROP FUNCTION IF EXISTS wfstate_save_checkpoint(uuid, uuid, integer, integer, bigint, text, text, text, text, text, text, text)",
    "DROP FUNCTION IF EXISTS wfstate_save_record(uuid, uuid, integer, integer, bigint, text, text, text, text, text, boolean, text, text)",
    "DROP FUNCTION IF EXISTS wfstate_hmac_sha256(text, bytea)",
)

CREATE: Final = (
    """
CREATE OR REPLACE FUNCTION wfstate_hmac_sha256(p_key text, p_data bytea) RETURNS bytea
LANGUAGE sql STABLE AS $function$
    -- RFC 2104, from core functions alone: pgcrypto may be missing. The key is hexadecimal, at most a block of 64 bytes
    -- long, and is padded with zeros to one. bit_send writes the length in front, 4 bytes.
    SELECT sha256(
        substring(bit_send(('x' || rpad(p_key, 128, '0'))::bit(512) # ('x' || repeat('5c', 64))::bit(512)) FROM 5)
        || sha256(
            substring(bit_send(('x' || rpad(p_key, 128, '0'))::bit(512) # ('x' || repeat('36', 64))::bit(512)) FROM 5)
            || p_data
        )
    )
$function$
""",
    """
CREATE OR REPLACE FUNCTION wfstate_end_running_attempt(
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_write_sha256 text,
    p_state text,
    p_output text, p_output_type text, p_output_sha256 text, p_error text, p_kind text, p_data text,
    p_body text, p_mac text
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
     WHERE w.id = p_workflow_id AND sha256(wfstate_hmac_sha256(w.secret, convert_to(p_body, 'UTF8'))) = sha256(decode(p_mac, 'hex'))
    RETURNING w.journal_count, w.updated_at INTO entry, moment;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE wfstate_step s SET state = p_state, error = p_error, updated_at = moment
     WHERE s.id = p_step_id AND s.attempt = p_attempt AND s.state = 'running';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'step % was changed meanwhile', p_step_id USING ERRCODE = 'serialization_failure';
    END IF;
    UPDATE wfstate_round r
       SET state = p_state, output = coalesce(p_output, r.output),
           output_type = coalesce(p_output_type, r.output_type),
           output_sha256 = coalesce(p_output_sha256, r.output_sha256)
     WHERE r.step_id = p_step_id AND r.number = p_round;
    UPDATE wfstate_attempt a
       SET state = p_state, last_write = p_write, last_write_sha256 = p_write_sha256, error = p_error,
           ended_at = CASE WHEN p_state = 'waiting' THEN NULL ELSE moment END
     WHERE a.step_id = p_step_id AND a.number = p_attempt;
    UPDATE wfstate_compensation c SET last_entry = entry WHERE c.step_id = p_step_id AND c.round = p_round;
    INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, step_id, attempt, actor, data)
    VALUES (p_workflow_id, entry, moment, p_kind,
            step.participant || '.' || step.name
                || CASE WHEN step.item_key = '' THEN '' ELSE '[' || step.item_key || ']' END,
            p_step_id, p_attempt,
            'task:' || step.dag_id || '/' || step.run_id || '/' || step.task_id
                || CASE WHEN step.map_index >= 0 THEN '[' || step.map_index || ']' ELSE '' END,
            p_data);
    RETURN true;
END $function$
""",
    """
CREATE OR REPLACE FUNCTION wfstate_save_checkpoint(
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_write_sha256 text,
    p_name text,
    p_value text, p_value_type text, p_value_sha256 text,
    p_body text, p_mac text
) RETURNS boolean
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM wfstate_workflow w
         WHERE w.id = p_workflow_id AND w.state = 'running'
           AND sha256(wfstate_hmac_sha256(w.secret, convert_to(p_body, 'UTF8'))) = sha256(decode(p_mac, 'hex'))
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write, last_write_sha256 = p_write_sha256
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
    p_workflow_id uuid, p_step_id uuid, p_attempt integer, p_round integer, p_write bigint, p_write_sha256 text,
    p_name text,
    p_value text, p_value_type text, p_value_sha256 text, p_is_error boolean,
    p_body text, p_mac text
) RETURNS boolean
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM wfstate_workflow w
         WHERE w.id = p_workflow_id AND w.state = 'running'
           AND sha256(wfstate_hmac_sha256(w.secret, convert_to(p_body, 'UTF8'))) = sha256(decode(p_mac, 'hex'))
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write, last_write_sha256 = p_write_sha256
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
    IF NOT FOUND THEN
        RAISE EXCEPTION 'record % is there already', p_name USING ERRCODE = 'unique_violation';
    END IF;
    RETURN true;
END $function$
""",
)
