"""The policies of a workflow: what follows on a failure, a deadline, a skipped end, a second start."""

from __future__ import annotations

from enum import Enum


class FailurePolicy(str, Enum):
    """What follows when a workflow fails: ``compensate`` what was done, or ``hold`` it for a person."""

    COMPENSATE = "compensate"
    HOLD = "hold"


class CompensationErrorPolicy(str, Enum):
    """What follows when a compensation has failed for good.

    ``stop``: the workflow is held at once, and what is still to be undone stays armed. ``continue``: the others are
    tried first, and then it is held.
    """

    STOP = "stop"
    CONTINUE = "continue"


class DeadlinePolicy(str, Enum):
    """What follows, once, when the deadline of a running or failed workflow passes.

    ``flag``: it is shown as overdue. ``fail``: a running one fails, and ``on_failure`` decides about the rest.
    ``cancel``: it is cancelled. ``compensate``: it is cancelled, and what was done is undone.
    """

    FLAG = "flag"
    FAIL = "fail"
    CANCEL = "cancel"
    COMPENSATE = "compensate"


class SkipPolicy(str, Enum):
    """What follows when the operator that completes a workflow was skipped, and something could still be undone.

    ``hold``: it stays open, and is flagged, until an operator decides. ``complete``: it succeeds, and the undos are
    discarded. ``compensate``: what was done is undone.
    """

    HOLD = "hold"
    COMPLETE = "complete"
    COMPENSATE = "compensate"


class IfExists(str, Enum):
    """What a start does when another run's open workflow has the key already.

    ``attach`` to it; ``reject`` the start; or ``terminate`` it: it is cancelled with compensation, and the next
    generation of the key begins when that has ended.
    """

    ATTACH = "attach"
    REJECT = "reject"
    TERMINATE = "terminate"
