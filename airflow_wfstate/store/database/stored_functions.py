"""The stored functions of the hot path, on PostgreSQL only.

Measured on the embedded server with psycopg2, which Airflow's default engine uses: a begin took 3.4 ms as separate
statements, and 1.0 as a function. It needs one round trip instead of one per statement, and a session keeps a
function's plans.

Each function handles only the plain case of its transaction (store/steps/): the workflow is running, and the step is
new or its newest attempt is running. In any other case it changes nothing and returns NULL or false, and the
transaction in Python decides. The guards are filled in from the state tables.

The functions for attempts verify the attempt key themselves (store/steps/attempt_key.py), with the secret in the
workflow's row, which they access anyway: 5 microseconds. A process need not have seen the begin, so every server
process behind a load balancer can take the hot path.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, event

from airflow_wfstate.domain.messages.reading.journal import EntryKind
from airflow_wfstate.domain.rules.run_role import RunRole
from airflow_wfstate.domain.rules.states import CompensationState, StepState, WorkflowState
from airflow_wfstate.domain.rules.undo_order import CompensateWhen
from airflow_wfstate.store.database.schema import NO_PLACE, metadata
from airflow_wfstate.store.database.stored_function_call import StoredFunction

_CREATE_HMAC_SHA256: Final = """
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
"""

# Compares hashes of both sides, so that the duration of the comparison reveals nothing about the right MAC.
_IS_KEY_OF_WORKFLOW: Final = (
    "sha256(wfstate_hmac_sha256(w.secret, convert_to(p_body, 'UTF8'))) = sha256(decode(p_mac, 'hex'))"
)

_CREATE_BEGIN_FIRST_ATTEMPT: Final = f"""
CREATE OR REPLACE FUNCTION wfstate_begin_first_attempt(
    p_task_instance_id uuid, p_name text, p_item_key text, p_step_id uuid,
    p_handler text, p_compensate_when text, p_max_attempts integer, p_relay_task_id text, p_arguments_sha256 text
) RETURNS text[]
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
    task record;
    flow record;
    entry bigint;
    moment timestamptz;
BEGIN
    SELECT ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number, ti.dag_version_id,
           run.workflow_id, run.relay_task_id, here.place,
           EXISTS (
               SELECT 1 FROM wfstate_step s
                WHERE s.workflow_id = run.workflow_id AND s.participant = ti.dag_id AND s.place = here.place
                  AND s.name = p_name AND s.item_key = p_item_key
           ) AS has_begun
      INTO task
      FROM task_instance ti
      JOIN wfstate_run run ON run.dag_id = ti.dag_id AND run.run_id = ti.run_id AND run.bound
       AND run.rehearsed_at IS NULL
     CROSS JOIN LATERAL (
           SELECT coalesce(CASE WHEN run.role = '{RunRole.CHILD.value}' THEN run.parent_step_id END,
                           '{NO_PLACE}'::uuid) AS place
           ) here
     WHERE ti.id = p_task_instance_id AND ti.state = 'running';
    IF NOT FOUND OR task.has_begun
       OR (p_relay_task_id IS NOT NULL AND task.relay_task_id IS DISTINCT FROM p_relay_task_id) THEN
        RETURN NULL;
    END IF;
    UPDATE wfstate_workflow w
       SET version = w.version + 1, journal_count = w.journal_count + 1, updated_at = clock_timestamp()
     WHERE w.id = task.workflow_id AND w.state = '{WorkflowState.RUNNING.value}'
    RETURNING w.id, w.name, w.key, w.generation, w.correlation_id, w.secret, w.journal_count, w.updated_at INTO flow;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    entry := flow.journal_count;
    moment := flow.updated_at;
    -- Where another has begun the step meanwhile, its unique key lets this transaction fail.
    INSERT INTO wfstate_step
        (id, workflow_id, participant, place, name, item_key, state, round, attempt, started_at, updated_at)
    VALUES (p_step_id, flow.id, task.dag_id, task.place, p_name, p_item_key, '{StepState.RUNNING.value}', 1, 1, moment,
            moment);
    INSERT INTO wfstate_round (step_id, number, state, arguments_sha256)
    VALUES (p_step_id, 1, '{StepState.RUNNING.value}', p_arguments_sha256);
    INSERT INTO wfstate_attempt
        (step_id, number, round, state, last_write, task_instance_id, dag_id, run_id, task_id, map_index, try_number,
         dag_version_id, bundle_version, started_at)
    VALUES (p_step_id, 1, 1, '{StepState.RUNNING.value}', 0, p_task_instance_id, task.dag_id, task.run_id,
            task.task_id, task.map_index, task.try_number, task.dag_version_id,
            (SELECT r.bundle_version FROM dag_run r WHERE r.dag_id = task.dag_id AND r.run_id = task.run_id), moment);
    IF p_handler IS NOT NULL THEN
        INSERT INTO wfstate_compensation
            (step_id, round, workflow_id, state, handler, compensate_when, max_attempts, attempts, dag_id, run_id,
             last_entry)
        VALUES (p_step_id, 1, flow.id, '{CompensationState.ARMED.value}', p_handler,
                coalesce(p_compensate_when, '{CompensateWhen.ATTEMPTED.value}'), p_max_attempts, 0, task.dag_id,
                task.run_id, entry);
    END IF;
    INSERT INTO wfstate_journal (workflow_id, number, at, kind, step, step_id, attempt, actor, data)
    VALUES (flow.id, entry, moment, '{EntryKind.STEP_BEGAN.value}',
            task.dag_id || '.' || p_name || CASE WHEN p_item_key = '' THEN '' ELSE '[' || p_item_key || ']' END,
            p_step_id, 1,
            'task:' || task.dag_id || '/' || task.run_id || '/' || task.task_id
                || CASE WHEN task.map_index >= 0 THEN '[' || task.map_index || ']' ELSE '' END,
            json_build_object('round', 1, 'task_instance_id', p_task_instance_id, 'try_number',
                              task.try_number)::text);
    RETURN ARRAY[flow.id::text, flow.name, flow.key, flow.generation::text, flow.correlation_id, flow.secret];
END $function$
"""  # noqa: S608 - filled in from our own enums alone

_CREATE_END_RUNNING_ATTEMPT: Final = f"""
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
       AND s.state = '{StepState.RUNNING.value}' AND a.state = '{StepState.RUNNING.value}' AND a.last_write < p_write;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE wfstate_workflow w
       SET version = w.version + 1, journal_count = w.journal_count + 1, updated_at = clock_timestamp()
     WHERE w.id = p_workflow_id AND {_IS_KEY_OF_WORKFLOW}
    RETURNING w.journal_count, w.updated_at INTO entry, moment;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE wfstate_step s SET state = p_state, error = p_error, updated_at = moment
     WHERE s.id = p_step_id AND s.attempt = p_attempt AND s.state = '{StepState.RUNNING.value}';
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
           ended_at = CASE WHEN p_state = '{StepState.WAITING.value}' THEN NULL ELSE moment END
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
"""  # noqa: S608 - filled in from our own enums alone

_CREATE_SAVE_CHECKPOINT: Final = f"""
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
         WHERE w.id = p_workflow_id AND w.state = '{WorkflowState.RUNNING.value}'
           AND {_IS_KEY_OF_WORKFLOW}
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write, last_write_sha256 = p_write_sha256
     WHERE a.step_id = p_step_id AND a.number = p_attempt AND a.last_write < p_write
       AND a.state = '{StepState.RUNNING.value}';
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
"""  # noqa: S608 - filled in from our own enums alone

_CREATE_SAVE_RECORD: Final = f"""
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
         WHERE w.id = p_workflow_id AND w.state = '{WorkflowState.RUNNING.value}'
           AND {_IS_KEY_OF_WORKFLOW}
    ) THEN
        RETURN false;
    END IF;
    UPDATE wfstate_attempt a SET last_write = p_write, last_write_sha256 = p_write_sha256
     WHERE a.step_id = p_step_id AND a.number = p_attempt AND a.last_write < p_write
       AND a.state = '{StepState.RUNNING.value}';
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
"""  # noqa: S608 - filled in from our own enums alone

HMAC_SHA256: Final = StoredFunction("wfstate_hmac_sha256", ("text", "bytea"))
"""Arguments: key (hexadecimal, at most 64 bytes) and data. The other functions call it."""

BEGIN_FIRST_ATTEMPT: Final = StoredFunction(
    "wfstate_begin_first_attempt", ("uuid", "text", "text", "uuid", "text", "text", "integer", "text", "text")
)
"""Arguments: task instance, name, item key, new step id; the compensation's handler, condition and attempts, the
relay's task id, and the hash of the arguments (each NULL for none). Returns the workflow's id, name, key, generation,
correlation id and secret."""

_ATTEMPT: Final = ("uuid", "uuid", "integer", "integer", "bigint", "text")
_KEY: Final = ("text", "text")

END_RUNNING_ATTEMPT: Final = StoredFunction("wfstate_end_running_attempt", (*_ATTEMPT, *["text"] * 7, *_KEY))
"""Arguments: workflow, step, attempt, round, write and its hash; state; output, its type and sha256; error; journal
kind and data; body and MAC of the attempt key, which must name the same workflow, step, attempt and round. Returns
whether it did it."""

SAVE_CHECKPOINT: Final = StoredFunction("wfstate_save_checkpoint", (*_ATTEMPT, *["text"] * 4, *_KEY))
"""Arguments: workflow, step, attempt, round, write and its hash; name; value, its type and sha256; body and MAC of the
attempt key, as above. Returns whether it did it."""

SAVE_RECORD: Final = StoredFunction("wfstate_save_record", (*_ATTEMPT, *["text"] * 4, "boolean", *_KEY))
"""Like :data:`SAVE_CHECKPOINT`, with whether the value is an error before the attempt key."""

_FUNCTIONS: Final = {
    HMAC_SHA256: _CREATE_HMAC_SHA256,
    BEGIN_FIRST_ATTEMPT: _CREATE_BEGIN_FIRST_ATTEMPT,
    END_RUNNING_ATTEMPT: _CREATE_END_RUNNING_ATTEMPT,
    SAVE_CHECKPOINT: _CREATE_SAVE_CHECKPOINT,
    SAVE_RECORD: _CREATE_SAVE_RECORD,
}

_OLDER: Final = (
    StoredFunction("wfstate_end_running_attempt", (*_ATTEMPT, *["text"] * 7)),
    StoredFunction("wfstate_save_checkpoint", (*_ATTEMPT, *["text"] * 4)),
    StoredFunction("wfstate_save_record", (*_ATTEMPT, *["text"] * 4, "boolean")),
)
"""Functions that a migrated database keeps for older server processes (revision 0020)."""


def _statement(sql: str) -> DDL:
    return DDL(sql.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy has no annotations there


for _function, _create in _FUNCTIONS.items():
    event.listen(metadata, "after_create", _statement(_create).execute_if(dialect="postgresql"))
    event.listen(metadata, "before_drop", _statement(_function.drop).execute_if(dialect="postgresql"))

for _function in _OLDER:
    event.listen(metadata, "before_drop", _statement(_function.drop).execute_if(dialect="postgresql"))
