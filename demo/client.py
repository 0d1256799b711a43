"""The demo's HTTP client for Airflow and the workflow state, using the API as any user would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

Json = dict[str, Any]
"""A JSON object from a response; Airflow's and our API documentation describe its fields."""


class Refused(RuntimeError):
    """Airflow returned an error; the message holds the request and the response."""


class AirflowClient:
    """An Airflow user with a token. Every method raises :class:`Refused`, and httpx's errors of transport.

    :param url: of the api-server, without a slash at the end.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self._credentials = {"username": username, "password": password}
        # The server is on this machine, so ignore any proxy set in the environment.
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def unpause(self, dag_id: str) -> None:
        """Let the runs of a DAG start."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let no task of a DAG start."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": True})

    def has_pool(self, name: str) -> bool:
        """Whether a pool exists."""
        return self._send("GET", f"/api/v2/pools/{name}").status_code == httpx.codes.OK

    def add_pool(self, name: str, slots: int) -> None:
        """Create a pool."""
        self._ask("POST", "/api/v2/pools", json={"name": name, "slots": slots, "include_deferred": False})

    def resize_pool(self, name: str, slots: int) -> None:
        """Change the slots of a pool."""
        self._ask("PATCH", f"/api/v2/pools/{name}", json={"pool": name, "slots": slots, "include_deferred": False})

    def add_connection(self, connection_id: str, fields: Mapping[str, object]) -> None:
        """Define an Airflow connection; the fields are those of Airflow's API, such as ``conn_type``."""
        self._ask("POST", "/api/v2/connections", json={"connection_id": connection_id, **fields})

    def delete_connection(self, connection_id: str) -> None:
        """Delete an Airflow connection."""
        self._delete(f"/api/v2/connections/{connection_id}")

    def runs(self, dag_id: str) -> list[Json]:
        """The first 100 runs of a DAG, oldest first."""
        found: list[Json] = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 100})["dag_runs"]
        return found

    def count_runs(self, dag_id: str, state: str) -> int:
        """How many runs of a DAG are in a state, as Airflow names it."""
        found = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"limit": 1, "state": state})
        return int(found["total_entries"])

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow has parsed a DAG."""
        return self._send("GET", f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK

    def dag_files(self) -> set[str]:
        """The names of the files of all DAGs that Airflow has parsed."""
        files: set[str] = set()
        offset, total = 0, 1
        while offset < total:
            page = self._ask("GET", "/api/v2/dags", params={"limit": 100, "offset": offset})
            files |= {Path(dag["fileloc"]).name for dag in page["dags"]}
            offset, total = offset + 100, page["total_entries"]
        return files

    def dag_version(self, dag_id: str) -> int:
        """The number of the newest version of a DAG. Airflow counts a new version when a parsed file differs."""
        versions = self._ask("GET", f"/api/v2/dags/{dag_id}/dagVersions", params={"limit": 1000})["dag_versions"]
        return max(int(version["version_number"]) for version in versions)

    def delete_dag(self, dag_id: str) -> None:
        """Delete a DAG with its runs; Airflow parses it again while its file exists."""
        self._delete(f"/api/v2/dags/{dag_id}")

    def import_errors(self) -> list[str]:
        """Why DAG files could not be parsed; each with its file."""
        errors = self._ask("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in errors]

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, object], *, logical_date: str | None = None) -> None:
        """Start a run of a DAG.

        :param logical_date: in ISO 8601; None for a run without one, which has no run before it.
        """
        body = {"dag_run_id": run_id, "logical_date": logical_date, "conf": dict(conf)}
        self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)

    def clear(self, dag_id: str, run_id: str, task_ids: list[str] | None = None) -> None:
        """Clear tasks of a run, but not their downstream tasks; None for the whole run."""
        body: Json = {"dry_run": False, "only_failed": False}
        if task_ids is None:
            self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/clear", json=body)
            return
        body |= {"dag_run_id": run_id, "task_ids": task_ids, "reset_dag_runs": True, "include_downstream": False}
        self._ask("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run, as Airflow names it."""
        state: str = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"]
        return state

    def task_instance(self, dag_id: str, run_id: str, task_id: str) -> Json:
        """A task instance, with the ``pid`` of its process while it runs."""
        return self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")

    def unfinished_tasks(self) -> list[Json]:
        """The first hundred task instances that run, or wait for the scheduler or a worker."""
        params = {"state": ["running", "queued", "scheduled"], "order_by": "start_date", "limit": 100}
        found: list[Json] = self._ask("GET", "/api/v2/dags/~/dagRuns/~/taskInstances", params=params)["task_instances"]
        return found

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> str:
        """The log of a task's try, as the JSON that Airflow's API returns; empty when there is none yet."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        answer = self._send("GET", path, params={"full_content": "true"}, headers={"Accept": "application/json"})
        return "" if answer.is_error else answer.text

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> object:
        """What a task returned."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        value: object = self._ask("GET", path)["value"]
        return value

    def workflows(self, **filters: str | int) -> list[Json]:
        """Lines of the list of workflows, newest first."""
        found: list[Json] = self._ask("GET", "/wfstate/v1/workflows", params=filters)["workflows"]
        return found

    def workflow(self, workflow_id: str) -> Json:
        """Everything about one workflow."""
        return self._ask("GET", f"/wfstate/v1/workflows/{workflow_id}")

    def journal(self, workflow_id: str) -> list[Json]:
        """The first 1000 entries of a workflow's journal, in order."""
        path = f"/wfstate/v1/workflows/{workflow_id}/journal"
        entries: list[Json] = self._ask("GET", path, params={"limit": 1000})["entries"]
        return entries

    def cancel(self, workflow_id: str, **options: object) -> Json:
        """Cancel a workflow; ``compensate`` and ``reason`` may be given."""
        return self._ask("POST", f"/wfstate/v1/workflows/{workflow_id}/cancel", json=options)

    def resume(self, workflow_id: str, **options: object) -> Json:
        """Resume a workflow; ``reason`` and ``deadline_seconds`` may be given."""
        return self._ask("POST", f"/wfstate/v1/workflows/{workflow_id}/resume", json=options)

    def fail_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run as failed."""
        self._mark_run(dag_id, run_id, "failed")

    def fail_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Mark a task of a run as failed."""
        self._mark_task(dag_id, run_id, task_id, "failed")

    def accept_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run as success."""
        self._mark_run(dag_id, run_id, "success")

    def accept_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Mark a task of a run as success."""
        self._mark_task(dag_id, run_id, task_id, "success")

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str) -> None:
        """Answer a task that waits for human input."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self._ask("PATCH", path, json={"chosen_options": [option]})

    def scheduler_heartbeat(self) -> str | None:
        """When the scheduler last ended one of its loops, as an ISO 8601 time; None when it never did."""
        heartbeat: str | None = self._ask("GET", "/api/v2/monitor/health")["scheduler"]["latest_scheduler_heartbeat"]
        return heartbeat

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Delete a run from Airflow."""
        self._delete(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def apply_definition(self, name: str, text: str) -> None:
        """Apply a definition file to the workflows of a name."""
        self._ask("PUT", f"/wfstate/v1/definitions/{name}", json={"text": text})

    def send_event(
        self, event_id: str, source: str, event_type: str, data: Mapping[str, object], **extensions: str
    ) -> str:
        """Send an event of a service, as CloudEvents 1.0, and return the verdict on it.

        :param extensions: more attributes, such as ``correlationid``.
        """
        event = {"specversion": "1.0", "id": event_id, "source": source, "type": event_type, "data": dict(data)}
        event |= extensions
        headers = {"Content-Type": "application/cloudevents+json"}
        (result,) = self._ask("POST", "/wfstate/v1/events", json=event, headers=headers)["results"]
        verdict: str = result["verdict"]
        return verdict

    def subscribe(self, name: str, url: str, **wanted: object) -> str:
        """Subscribe a webhook to changes, and return the secret that signs the deliveries.

        :param wanted: which changes: ``names`` of workflows, ``states``, ``kinds``.
        """
        secret: str = self._ask("POST", "/wfstate/v1/subscriptions", json={"name": name, "url": url, **wanted})[
            "secret"
        ]
        return secret

    def sweep(self) -> Json:
        """Run one pass of the sweep unless another is running, and return its report."""
        return self._ask("POST", "/wfstate/v1/sweep")

    def _mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        self._ask("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", json={"state": state})

    def _mark_task(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._ask("PATCH", path, json={"new_state": state})

    def _delete(self, path: str) -> None:
        answer = self._send("DELETE", path)
        if answer.is_error:
            raise Refused(f"DELETE {answer.url} returned {answer.status_code}: {answer.text[:1000]}")

    def _ask(self, method: str, path: str, **content: Any) -> Json:
        answer = self._send(method, path, **content)
        if answer.is_error:
            raise Refused(f"{method} {answer.url} returned {answer.status_code}: {answer.text[:1000]}")
        parsed: Json = answer.json()
        return parsed

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        if "Authorization" not in self._http.headers:
            token = self._http.post("/auth/token", json=self._credentials)
            token.raise_for_status()
            self._http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        return self._http.request(method, path, **content)
