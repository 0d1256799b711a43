"""The options of the ``[wfstate]`` section: kind, default, limits and description of each, and its release."""

from __future__ import annotations

from typing import Final

from airflow_wfstate.option import DeclaredOption

_DAY: Final = 86_400
_YEAR: Final = 366 * _DAY
_GIB: Final = 2**30

DECLARED: Final = {
    "max_payload_bytes": DeclaredOption(
        "integer",
        "1048576",
        "The largest payload (a workflow's input or output, a step's output, a checkpoint) that is stored, in bytes "
        "of its JSON text. Larger payloads are refused.",
        at_least=1,
        at_most=_GIB,
    ),
    "payload_path": DeclaredOption(
        "string",
        "",
        "Where payloads larger than inline_payload_bytes are stored, as a path for Airflow's ObjectStoragePath: "
        "file:///var/lib/wfstate, s3://connection@bucket/prefix. The api-server, the scheduler's host, every host that "
        "runs airflow wfstate, and workers that use a connection of type postgres must be able to reach it. Empty: all "
        "payloads are stored in the database.",
    ),
    "inline_payload_bytes": DeclaredOption(
        "integer",
        "65536",
        "The largest payload that is stored in the database if payload_path is set, in bytes of its JSON text.",
        at_least=0,
        at_most=_GIB,
    ),
    "encrypt_payloads": DeclaredOption(
        "boolean",
        "False",
        "Whether payloads are encrypted at rest with Airflow's [core] fernet_key. Payloads that were stored before "
        "remain readable; airflow wfstate rotate-keys encrypts them, too.",
    ),
    "busy_poll_seconds": DeclaredOption(
        "integer",
        "10",
        "How long a deferred task waits before it asks again for a step that another run is executing.",
        at_least=1,
        at_most=_DAY,
    ),
    "busy_timeout_seconds": DeclaredOption(
        "integer",
        "86400",
        "How long a task waits in total for such a step, or for a workflow that is being compensated, before it "
        "fails. 0: it does not wait.",
        at_most=_YEAR,
    ),
    "child_poll_seconds": DeclaredOption(
        "integer",
        "5",
        "How often TriggerWorkflowDagRunOperator checks whether the child run has ended.",
        at_least=1,
        at_most=_DAY,
    ),
    "wait_poll_seconds": DeclaredOption(
        "float",
        "10",
        "The longest time between two polls of a triggerer for its waits. The cheaper a poll, the sooner the next.",
        at_least=0.1,
        at_most=_DAY,
        since="0.2.0",
    ),
    "step_xcom": DeclaredOption(
        "boolean",
        "False",
        "Whether each step pushes the XCom wfstate, which identifies its workflow and attempt, as "
        "StartWorkflowOperator always does. This costs one more request to the api-server per step.",
        since="0.2.0",
    ),
    "callback_url": DeclaredOption(
        "string",
        "",
        "Where external partners reach the api-server: the beginning of token URLs (step.token()), for instance "
        "https://airflow.example.com. Set it to the same value on all workers. Empty: [api] base_url, or else api_url.",
        since="0.2.0",
    ),
    "api_url": DeclaredOption(
        "string",
        "",
        "Where workers reach the api-server if no connection of type wfstate is defined, for instance "
        "http://localhost:8080. Empty: derived from [core] execution_api_server_url, or else [api] base_url.",
    ),
    "api_timeout_seconds": DeclaredOption(
        "float",
        "30",
        "How long a worker waits for one response of the api-server.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "api_retry_seconds": DeclaredOption(
        "float",
        "60",
        "How long a worker retries, with back-off, to reach an api-server that does not answer.",
        at_most=_DAY,
    ),
    "read_timeout_seconds": DeclaredOption(
        "float",
        "10",
        "How long PostgreSQL may work on one statement of a read over HTTP. A longer one is cancelled and answered "
        "with 504. Writes, workers, the command line and the sweep have no such limit. 0: no limit. The page waits "
        "30 seconds for a response, whatever this says.",
        at_most=_DAY,
        since="0.2.0",
    ),
    "sweep_interval_seconds": DeclaredOption(
        "integer",
        "60",
        "How old the last sweep may be before an api-server runs the next one.",
        at_least=1,
        at_most=_DAY,
    ),
    "turn_interval_seconds": DeclaredOption(
        "float",
        "5",
        "How often an api-server looks for relays that wait to be cleared, while it gets requests or undoes anything.",
        at_least=0.1,
        at_most=_DAY,
    ),
    "stuck_queued_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a workflow may wait for Airflow to start its next task before it is flagged as queued too long.",
        at_least=1,
        at_most=_YEAR,
    ),
    "stuck_running_seconds": DeclaredOption(
        "integer",
        "900",
        "The minimum time that a step may run without a checkpoint before it is flagged as slow. A step that usually "
        "takes longer gets three times its usual duration.",
        at_least=1,
        at_most=_YEAR,
    ),
    "relay_patience_seconds": DeclaredOption(
        "integer",
        "600",
        "How long a relay that has the turn may take to begin before the workflow is put on hold until an operator "
        "decides; it is flagged after a tenth of that. Waiting for other tasks of the relay's run does not count.",
        at_least=1,
        at_most=_YEAR,
    ),
    "quiesce_seconds": DeclaredOption(
        "integer",
        "3600",
        "How long running steps may delay the compensation of their workflow before it is put on hold until an "
        "operator decides.",
        at_most=_YEAR,
    ),
    "in_flight_grace_seconds": DeclaredOption(
        "integer",
        "20",
        "How long a step, or the undo of a relay that was marked by hand, still counts as running after Airflow has "
        "moved its task out of 'running', because the process can live for up to 10 seconds more.",
        at_most=_DAY,
    ),
    "handler_modules": DeclaredOption(
        "string",
        "",
        "Comma-separated modules whose functions any relay may import as compensations even if no task of its DAG "
        "declares them (any more), also on behalf of a run that is gone. A module includes its submodules. Empty: only "
        "functions that the DAG declares. Set it to the same value on the api-server and workers.",
    ),
    "webhook_hosts": DeclaredOption(
        "string",
        "",
        "Comma-separated hosts to which webhooks may be sent even if their addresses are not public, and over plain "
        "http: names (hooks.example.com), subdomains (.example.com), addresses and networks (10.20.0.0/16). Empty: "
        "only public addresses, over https. Set it where the api-server and airflow wfstate deliver run.",
        since="0.2.0",
    ),
    "webhook_timeout_seconds": DeclaredOption(
        "float",
        "15",
        "How long one attempt to deliver a webhook may take in total.",
        at_least=0.1,
        at_most=300,
        since="0.2.0",
    ),
    "max_attempts": DeclaredOption(
        "integer",
        "100",
        "How many attempts a round of a step gets. Beginning one more fails the workflow and puts it on hold until an "
        "operator decides. Each resume allows the same number again. 0: no limit.",
        at_most=1_000_000,
    ),
    "event_ttl_seconds": DeclaredOption(
        "integer",
        "604800",
        "How long an event of a service waits for its workflow to start. After that it is a dead letter, which an "
        "operator can replay or drop.",
        at_least=1,
        at_most=_YEAR,
        since="0.2.0",
    ),
}
