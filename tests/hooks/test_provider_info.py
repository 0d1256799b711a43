"""What Airflow reads about this provider fits Airflow's own schema."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.resources import files

import jsonschema

from airflow_wfstate.conf import OPTIONS
from airflow_wfstate.provider_info import get_provider_info


def test_it_is_valid_against_airflows_schema() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_every_part_that_it_names_can_be_imported() -> None:
    info = json.loads(json.dumps(get_provider_info()))
    modules = [module for part in ("operators", "hooks") for item in info[part] for module in item["python-modules"]]
    names = [item["class-name"] for item in info["task-decorators"]]
    names += [item["hook-class-name"] for item in info["connection-types"]]
    names += info["db-managers"] + info["cli"] + info["extra-links"]
    for module in modules:
        import_module(module)
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name


def test_every_option_is_declared() -> None:
    config = json.loads(json.dumps(get_provider_info()))["config"]
    assert set(config["wfstate"]["options"]) == set(OPTIONS)
