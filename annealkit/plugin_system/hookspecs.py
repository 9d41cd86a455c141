"""Everything that a plugin can add, on one screen.

A plugin is a distribution with an entry point in the group `annealkit`, whose module implements one or more of
the hooks below. Each returns a dictionary from names to dataclasses. The dataclass is the schema: its fields, with
their types, defaults and ranges, are what can be set on the command line, and its docstring's first line is its
summary. A plain `@dataclass`, which checks its values itself, is one as well.

A whole plugin:

    import numpy as np
    from annealkit import Run, checked_dataclass, duration, hookimpl, number

    @checked_dataclass
    class Sink:
        \"\"\"Fall linearly from 1 to `floor` within `length`, then stay.\"\"\"

        length: str = duration("50%", "how long the fall is")
        floor: float = number(0.1, "[0, 1]", "the factor from there on")

        def factor(self, step, run: Run):
            done = np.minimum(step / run.steps(self.length), 1)
            return 1 - (1 - self.floor) * done

    @hookimpl
    def annealkit_schedules():
        return {"sink": Sink}

    [project.entry-points.annealkit]
    sink = "annealkit_sink"
"""

import pluggy

PROJECT = "annealkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def annealkit_schedules() -> dict[str, type]:
    """Schedules: `factor(step, run) -> float64 (n,)`, which multiplies `optimizer.lr`.

    See annealkit.curve.rates.Schedule.
    """


@hookspec
def annealkit_warmups() -> dict[str, type]:
    """Warmups: a field `length` and `ramp(step, length) -> float64 (n,)`. See annealkit.curve.rates.Warmup."""


@hookspec
def annealkit_feedback() -> dict[str, type]:
    """Feedback rules that scale the schedule by what is observed. See annealkit.feedback.Feedback."""


@hookspec
def annealkit_optimizers() -> dict[str, type]:
    """Optimizers: a field `lr` and `build(learning_rate) -> keras.optimizers.Optimizer`. See annealkit.optimizers.

    One that is derived from `annealkit.KerasOptimizer` has decay, clipping, averages, accumulation and groups besides.
    """


@hookspec
def annealkit_models() -> dict[str, type]:
    """Models: `build(input_shape, classes) -> keras.Model` that ends in class probabilities. See annealkit.models."""


@hookspec
def annealkit_datasets() -> dict[str, type]:
    """Data sets: `load() -> annealkit.datasets.Images`. See annealkit.datasets.Dataset."""
