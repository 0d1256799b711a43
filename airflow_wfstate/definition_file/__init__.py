"""Definition files: YAML in which a workflow's plan, policies, participants and events are declared.

``document.py`` reads YAML with the place of each value, ``structure.py`` checks it against the published JSON Schema
(``definition.schema.json``), ``meaning.py`` checks what a schema cannot say, ``read.py`` makes a
:class:`~airflow_wfstate.domain.rules.definition.Definition` of it, and ``write.py`` writes one in its canonical form.
"""
