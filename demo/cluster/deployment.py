"""``python -m demo.cluster.deployment`` writes docker/compose.yaml and docker/values.yaml."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # its stubs are a separate package, which Airflow does not install

from demo.cluster import pgbouncer, proxy, redis, settings
from demo.cluster.layout import API_SERVERS, SCHEDULERS, WORKERS
from demo.environment import Variables
from demo.folder import CHECKOUT

COMPOSE, VALUES = CHECKOUT / "docker" / "compose.yaml", CHECKOUT / "docker" / "values.yaml"

_TEMPLATES = Path(__file__).with_name("templates")
_SECRET = "airflow-wfstate"  # noqa: S105 - the name of the Kubernetes secret, not its content

_WHY = {
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "Tasks reach Airflow at the proxy: any api-server accepts their tokens.",
    "AIRFLOW__API__BASE_URL": "The address that people open in a browser.",
    "AIRFLOW__API__SECRET_KEY": "Signs the requests for a task's log at its worker. The same everywhere.",
    "AIRFLOW__CELERY__RESULT_BACKEND": "The default is the metadata database, which workers must not need.",
    "AIRFLOW__API_AUTH__JWT_SECRET": "Signs tokens. Anyone who has it can act as any task, so no worker has it.",
    "AIRFLOW__API__WORKERS": "Number of processes of each api-server.",
    "AIRFLOW_CONN_WFSTATE_DEFAULT": "Access to the workflow state as an Airflow user; the role `user` is enough.",
    "AIRFLOW_CONN_DEMO_WAREHOUSE": "Only for the examples.",
}
"""What a reader of the files should know about a setting."""


def compose() -> str:
    """The text of docker/compose.yaml."""
    shared = settings.Shared(
        proxy="http://proxy:8080",
        base_url="${BASE_URL:-http://localhost:8080}",
        broker="redis://redis:6379",
        metadata=f"postgresql+psycopg2://airflow:{_variable('POSTGRES_PASSWORD')}@pgbouncer:6432/airflow",
        warehouse={
            "conn_type": "postgres",
            "host": "pgbouncer",
            "port": 6432,
            "login": "warehouse",
            "password": _variable("WAREHOUSE_PASSWORD"),
            "schema": "warehouse",
        },
        users="admin:admin,wfstate:user",
        passwords_file="/opt/airflow/passwords/passwords.json",
        fernet_key=_variable("FERNET_KEY"),
        secret_key=_variable("API_SECRET_KEY"),
        jwt_secret=_variable("JWT_SECRET"),
        service_password=_variable("SERVICE_PASSWORD"),
    )
    passwords = {"airflow": _variable("POSTGRES_PASSWORD"), "warehouse": _variable("WAREHOUSE_PASSWORD")}
    pool = pgbouncer.configuration(
        listen="*",
        port=6432,
        database_host="postgres",
        users_file="/etc/wfstate/users.txt",
        prepared_statements=None,
    )
    balance = proxy.configuration(bind=":8080", servers={name: f"{name}:8080" for name in API_SERVERS}, resolvers=True)
    return _filled(
        "compose.yaml",
        common=_mapping(settings.common(shared)),
        server_only=_mapping(settings.server_only(shared)),
        connections=_mapping(settings.connections(shared)),
        preloading=textwrap.indent(_mapping(settings.preloading()), " " * 4).rstrip(),
        redis=" ".join(word or '""' for word in redis.OPTIONS),
        schedulers=str(len(SCHEDULERS)),
        workers=str(len(WORKERS)),
        pgbouncer=textwrap.indent(pool, " " * 6).rstrip(),
        pgbouncer_users=textwrap.indent(pgbouncer.users(passwords), " " * 6).rstrip(),
        proxy=textwrap.indent(balance, " " * 6).rstrip(),
    )


def values() -> str:
    """The text of docker/values.yaml."""
    shared = settings.Shared(
        proxy="http://airflow-api-server:8080",  # the chart's service for a release named airflow
        base_url="https://airflow.example.com",
        broker="",
        metadata="connection",
        warehouse={},
        users="",
        passwords_file="",
        fernet_key="fernet-key",
        secret_key="api-secret-key",  # noqa: S106 - the name of a key in the secret, like those above and below
        jwt_secret="jwt-secret",  # noqa: S106 - as before
        service_password="$(SERVICE_PASSWORD)",  # noqa: S106 - Kubernetes inserts the variable defined before it
    )
    from_secret = {
        "AIRFLOW__API__SECRET_KEY": shared.secret_key,
        "AIRFLOW__CELERY__BROKER_URL": "broker-url",
        "AIRFLOW__CELERY__RESULT_BACKEND": "result-backend",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": shared.metadata,
        "AIRFLOW__API_AUTH__JWT_SECRET": shared.jwt_secret,
        "AIRFLOW__CORE__FERNET_KEY": shared.fernet_key,
        "SERVICE_PASSWORD": "service-password",
        "AIRFLOW_CONN_DEMO_WAREHOUSE": "warehouse",
    }
    # The chart sets the executor, and your own auth manager decides who can log in.
    left_out = {"AIRFLOW__CORE__EXECUTOR"} | {name for name in settings.server_only(shared) if "SIMPLE_AUTH" in name}

    def entries(variables: Variables, indent: int) -> str:
        wanted = {name: value for name, value in variables.items() if name not in left_out}
        return textwrap.indent(
            "".join(_entry(name, value, from_secret) for name, value in wanted.items()), " " * indent
        )

    server_only = settings.server_only(shared)
    connections = {"SERVICE_PASSWORD": "", **settings.connections(shared)}
    return _filled(
        "values.yaml",
        common=entries(settings.common(shared), 2).rstrip(),
        server_only=entries(server_only, 4).rstrip(),
        triggerer=entries(server_only | connections, 4).rstrip(),
        connections=entries(connections | settings.preloading(), 4).rstrip(),
        api_servers=str(len(API_SERVERS)),
        schedulers=str(len(SCHEDULERS)),
        workers=str(len(WORKERS)),
    )


WRITTEN: dict[Path, Callable[[], str]] = {COMPOSE: compose, VALUES: values}
"""The files, and the function that returns the content of each."""


def _filled(template: str, **parts: str) -> str:
    """Return a template with each ``@name@`` replaced; every name must be known and used."""
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    found = set(re.findall(r"@(\w+)@", text))
    if found != set(parts):
        raise ValueError(f"{template} uses {sorted(found)}, but was given {sorted(parts)}.")
    return re.sub(r"@(\w+)@", lambda match: parts[match[1]], text)


def _variable(name: str) -> str:
    """A Compose variable that must be set."""
    return f"${{{name}:?Set {name}}}"


def _mapping(variables: Variables) -> str:
    """Variables as lines of a YAML mapping, each with its explanation above it."""
    lines = []
    for name, value in variables.items():
        if name in _WHY:
            lines.append(f"  # {_WHY[name]}")
        lines.append(f"  {name}: {_scalar(value)}")
    return "\n".join(lines)


def _entry(name: str, value: str, from_secret: dict[str, str]) -> str:
    """A variable as an entry in a container's ``env``."""
    why = f"# {_WHY[name]}\n" if name in _WHY else ""
    if name in from_secret:
        return f"{why}- name: {name}\n  valueFrom: {{secretKeyRef: {{name: {_SECRET}, key: {from_secret[name]}}}}}\n"
    return f"{why}- name: {name}\n  value: {_scalar(value)}\n"


def _scalar(text: str) -> str:
    """A text as YAML, quoted only when needed."""
    try:
        is_plain = yaml.safe_load(f"x: {text}") == {"x": text}
    except yaml.YAMLError:
        is_plain = False
    if is_plain:
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


if __name__ == "__main__":
    for path, text in WRITTEN.items():
        path.write_text(text(), encoding="utf-8")
