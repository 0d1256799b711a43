"""The policies of a workflow: what happens on a failure, a deadline, a skipped completion, and a second start."""

from __future__ import annotations

from enum import Enum


class FailurePolicy(str, Enum):
    """What happens when a workflow fails: ``compensate`` it, or put it on ``hold`` until an operator decides."""

    COMPENSATE = "compensate"
    HOLD = "hold"


class CompensationErrorPolicy(str, Enum):
    """What happens when a compensation has failed permanently.

    ``stop``: the workflow is put on hold at once, and the remaining compensations stay armed. ``continue``: the
    remaining compensations run first.
    """

    STOP = "stop"
    CONTINUE = "continue"


class DeadlinePolicy(str, Enum):
    """What happens, once, when the deadline of a running or failed workflow passes.

    ``flag``: it is marked as overdue. ``fail``: a running workflow fails, and ``on_failure`` applies. ``cancel``: it is
    cancelled. ``compensate``: it is cancelled with compensation.
    """

    FLAG = "flag"
    FAIL = "fail"
    CANCEL = "cancel"
    COMPENSATE = "compensate"


class SkipPolicy(str, Enum):
    """What happens if the operator that completes a workflow was skipped, and something could still be undone.

    ``hold``: it stays open and flagged until someone decides. ``complete``: it succeeds, and its compensations are
    discarded. ``compensate``: it is compensated.
    """

    HOLD = "hold"
    COMPLETE = "complete"
    COMPENSATE = "compensate"


class IfExists(str, Enum):
    """What a start does if another run's open workflow already has the key.

    ``attach``: join it. ``reject``: refuse the start. ``terminate``: cancel it with compensation, and begin the next
    generation of the key when it has ended.
    """

    ATTACH = "attach"
    REJECT = "reject"
    TERMINATE = "terminate"
