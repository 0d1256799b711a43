"""Ask for known vulnerabilities of every pinned version: ``make audit``.

pip-audit asks the package index, or OSV. Where neither tells anything, as behind a mirror of packages alone, this says
so, and is no failure: nothing was learned.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_SECONDS = 300


def main() -> int:
    """1 when a version has a known vulnerability; 0 otherwise, also when nobody could be asked."""
    constraints = sys.argv[1]
    for service in ("pypi", "osv"):
        found = _ask(service, constraints)
        answered = [dependency for dependency in found if "vulns" in dependency]
        if answered:
            return _tell(service, answered, len(found))
    print(f"The audit of {constraints} was left out: neither the package index nor OSV told anything.")
    return 0


def _ask(service: str, constraints: str) -> list[dict[str, object]]:
    """What a service says of each version; nothing when it cannot be reached."""
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
