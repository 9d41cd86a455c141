"""No annealing: the baseline that every other schedule has to beat."""

import numpy as np

from annealkit import Run, checked_dataclass, hookimpl


@checked_dataclass
class Constant:
    """Keep the base learning rate for the whole run.

    Formula: factor(s) = 1.

    Range: [1, 1].
    Edges: the same at every update and past the end.

    Source: a rule of practice.

    Equals: a Keras optimizer with a plain float; torch `ConstantLR(factor=1)`; optax `constant_schedule`.
    """

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return np.ones(np.shape(step))


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"constant": Constant}
