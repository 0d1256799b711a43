"""Installations of older versions of the package, made from this repository's history and kept in ``.compat``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
CACHE: Final = CHECKOUT / ".compat"


@dataclass(frozen=True)
class Installation:
    """A virtualenv with the package of one commit, and that commit's files.

    :param commit: its short name.
    :param tree: its files, with its own tests.
    :param python: of the virtualenv.
    """

    commit: str
    tree: Path
    python: Path


def current() -> Installation:
    """The installation that runs this: the checkout, and its wheel."""
    return Installation("now", CHECKOUT, Path(sys.executable))


def installed(commit: str) -> Installation:
    """The installation of a commit; made when it is not there yet, which takes some ten seconds.

    Its virtualenv has the other packages of the one that runs this, as hard links: to install them again takes a
    minute and a half and a gigabyte. It has the command ``airflow``.

    :raises subprocess.CalledProcessError: there is no such commit, or its wheel cannot be built.
    """
    folder = CACHE / f"{commit}{Path(sys.prefix).name}"  # .venv, or another one with more packages
    found = Installation(commit, folder / "tree", folder / "venv" / "bin" / "python")
    done = folder / "done"
    if done.exists():
        return found
    shutil.rmtree(folder, ignore_errors=True)
    found.tree.mkdir(parents=True)
    files = subprocess.run(["git", "archive", commit], cwd=CHECKOUT, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=BytesIO(files)) as archive:
        archive.extractall(found.tree, filter="data")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), "."]
    subprocess.run(build, cwd=found.tree, stdout=subprocess.DEVNULL, check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    _link_packages(folder / "venv")
    (wheel,) = (folder / "dist").glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(found.python),
        "install",
        "--quiet",
        "--no-deps",
        str(wheel),
    ]
    subprocess.run(install, check=True)
    done.touch()
    return found


def _link_packages(venv: Path) -> None:
    """Give a new virtualenv the packages of this one, but for ours."""
    inside = Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    def ours(_: str, names: list[str]) -> list[str]:
        return [name for name in names if name.startswith(("airflow_wfstate", "airflow_provider_wfstate"))]

    shutil.copytree(Path(sys.prefix) / inside, venv / inside, copy_function=os.link, ignore=ours, dirs_exist_ok=True)


def _write_command(python: Path) -> None:
    command = python.with_name("airflow")
    command.write_text(f"#!{python}\nimport sys\nfrom airflow.__main__ import main\nsys.exit(main())\n")
    command.chmod(0o755)
