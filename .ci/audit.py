"""``make audit``: report known vulnerabilities of the pinned versions.

pip-audit asks the package index, then OSV. If neither answers, for example behind a mirror that only has packages, this
reports it and succeeds: nothing is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_SECONDS = 300


def main() -> int:
    """Return 1 if a version has a known vulnerability; 0 otherwise, also if no service answers."""
    constraints = sys.argv[1]
    for service in ("pypi", "osv"):
        found = _ask(service, constraints)
        answered = [dependency for dependency in found if "vulns" in dependency]
        if answered:
            return _tell(service, answered, len(found))
    print(f"The audit of {constraints} was skipped: neither the package index nor OSV answered.")
    return 0


def _ask(service: str, constraints: str) -> list[dict[str, object]]:
    """What a service knows about each version; empty if it cannot be reached."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")),
        *("--vulnerability-service", service, "--requirement", constraints, "--no-deps", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off", "--timeout", "20"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        found: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return found


def _tell(service: str, answered: list[dict[str, object]], asked: int) -> int:
    vulnerable = [dependency for dependency in answered if dependency["vulns"]]
    for dependency in vulnerable:
        print(f"{dependency['name']} {dependency['version']}: {json.dumps(dependency['vulns'])}")
    print(f"{service} knew {len(answered)} of {asked} versions; {len(vulnerable)} have a known vulnerability.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
