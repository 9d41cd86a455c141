"""Every schedule of optax, by its name and with its own arguments, as a schedule of annealkit."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from annealkit import ConfigError, Run, checked_dataclass, did_you_mean, hookimpl, setting

HINT = "schedule.function=cosine_decay_schedule"
# Arguments that count weight updates: numbers, lists of them, and dictionaries whose keys they are.
STEPS = ("transition_steps", "decay_steps", "warmup_steps", "transition_begin")
BOUNDARIES = ("boundaries", "boundaries_and_scales")


def _arguments_problem(value: Any) -> str | None:
    return None if isinstance(value, Mapping) else f" must be the function's arguments by name; got {value!r}."


@checked_dataclass
class OptaxSchedule:
    """Any schedule of optax: `function` is its name there, `arguments` are its own.

    Formula: factor(s) = optax.schedules.<function>(**arguments)(s): values are factors of the base rate, so a peak of
    1 is the base rate. Which functions there are, and their formulas, is said by optax; those count that return a
    schedule.

    Of the arguments, those that count weight updates (transition_steps, decay_steps, warmup_steps, transition_begin,
    boundaries and the keys of boundaries_and_scales) are whole numbers, as in optax, or durations such as `2ep`,
    `500st` and `10%`, % being of the schedule's whole span. `schedules` of join_schedules is a list of
    `{function: …, arguments: {…}}`; `cosine_kwargs` of sgdr_schedule is a list of arguments.

    Range: [0, inf), what the arguments make of it; a factor below 0 or not finite is refused.

    Edges: those of optax: most of its schedules hold their end after their own length, which need not be the span. A
    duration that rounds to no update counts as one, 0 and `0st` stay none. Two boundaries that round to one update
    multiply.

    Precision: evaluated in float64, while a plain call in optax gives float32 unless `jax_enable_x64` is set; the two
    differ by some 1e-7 of the peak. `constant_schedule` gives back its own number. Another kind of processor may give
    another last bit.

    Side effects: JAX is imported at the first evaluation and starts its processor backend alone, so it claims no
    memory of an accelerator that TensorFlow uses; where JAX has started before, it is left as it is. JAX's own
    configuration stays unchanged.

    Raises:
        ConfigError: when evaluated: there is no such function; an argument is missing, unknown or refused by optax.

    Source: DeepMind 2020, the DeepMind JAX ecosystem, optax.

    Equals: the function itself, at every weight update.

    Example: `OptaxSchedule("warmup_cosine_decay_schedule", {"init_value": 0, "peak_value": 1, "warmup_steps": "10%",
    "decay_steps": "100%"})`.
    """

    function: str = setting(meaning="the name of a function in optax.schedules")
    arguments: dict[str, Any] = setting(
        {}, "its arguments by name", problem=_arguments_problem, hint="{init_value:1,decay_steps:100%}"
    )

    @classmethod
    def examples(cls, folder: Path) -> list[dict[str, Any]]:
        """Settings to check it with."""
        arguments = {"init_value": 0.1, "peak_value": 1, "warmup_steps": "10%", "decay_steps": "100%"}
        return [{"function": "warmup_cosine_decay_schedule", "arguments": arguments}]

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        # Imported here, since a plugin's module is imported at every start, also for --help.
        import jax
        import jax.numpy as jnp

        with jax.default_device(_processor()), jax.enable_x64(True):
            schedule = _build(self.function, self.arguments, run)
            try:
                # The boundaries of some schedules are compared as vectors, so each wants one step at a time.
                factors = jax.vmap(lambda count: jnp.asarray(schedule(count), dtype=jnp.float64))(jnp.asarray(step))
            except Exception as error:  # What is wrong with a value shows only here, in whatever way.
                raise _refused(self.function, self.arguments, error) from None
            return np.array(factors)


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of `optax.schedules` that returns a schedule, by name."""
    import optax

    return {
        name: function
        for name, function in sorted(vars(optax.schedules).items())
        if inspect.isfunction(function)
        and not name.startswith("_")
        and inspect.signature(function, eval_str=True).return_annotation == optax.Schedule
    }


def _processor() -> Any:
    """The device on which JAX computes with the processor."""
    import jax

    # Without this, JAX starts on every accelerator it finds and takes most of the memory there, which is TensorFlow's.
    platforms = jax.config.jax_platforms
    jax.config.update("jax_platforms", "cpu")
    try:
        return jax.devices("cpu")[0]
    finally:
        jax.config.update("jax_platforms", platforms)


def _build(name: str, arguments: Mapping[str, Any], run: Run) -> Callable[[Any], Any]:
    """The schedule that optax makes of these arguments, or ConfigError."""
    known = functions()
    if name not in known:
        raise ConfigError(
            f"optax: function={name!r}: there is no such schedule in optax."
            f"{did_you_mean(str(name), known, 'schedule.function=')} There are: {', '.join(known)}. Try {HINT}."
        )
    parameters = inspect.signature(known[name]).parameters
    for argument in arguments:
        if argument not in parameters:
            near = did_you_mean(str(argument), parameters, "schedule.arguments.")
            raise ConfigError(f"optax: {name} has no argument {argument}.{near} It is {_signature(name)}.")
    missing = [key for key, value in parameters.items() if value.default is value.empty and key not in arguments]
    if missing:
        example = "100%" if missing[0] in STEPS else "…"
        raise ConfigError(
            f"optax: {name} needs {', '.join(missing)}; got {', '.join(map(str, arguments)) or 'no arguments'}. "
            f"It is {_signature(name)}. Try schedule.arguments.{missing[0]}={example}."
        )
    converted = {key: _converted(key, value, run) for key, value in arguments.items()}
    try:
        return known[name](**converted)
    except Exception as error:  # optax checks some values itself and stumbles over others.
        raise _refused(name, arguments, error) from None


def _converted(key: str, value: Any, run: Run) -> Any:
    """An argument as optax takes it: durations as weight updates, nested nodes as schedules."""
    if key in STEPS:
        return _steps(key, value, run)
    if key in BOUNDARIES and isinstance(value, list):
        return [_steps(key, item, run) for item in value]
    if key in BOUNDARIES and isinstance(value, Mapping):
        if len({type(boundary) for boundary in value}) > 1:  # A run is named by its sorted configuration.
            given = ", ".join(map(str, value))
            raise ConfigError(f"optax: the keys of {key} must be all numbers or all durations; got {given}. Try 10st.")
        scales: dict[int, Any] = {}
        for boundary, scale in value.items():
            # A key on the command line, as in boundaries_and_scales.500=0.1, is always a text.
            number = int(boundary) if isinstance(boundary, str) and boundary.isdigit() else boundary
            at = _steps(key, number, run)
            scales[at] = scales[at] * scale if at in scales else scale
        return scales
    if key == "schedules":
        return [_nested(item, run) for item in _list_of_nodes(key, value, "{function: …, arguments: {…}}")]
    if key == "cosine_kwargs":
        items = _list_of_nodes(key, value, "{init_value: 0, peak_value: 1, warmup_steps: 5%, decay_steps: 50%}")
        return [{name: _converted(name, inner, run) for name, inner in item.items()} for item in items]
    return value


def _steps(key: str, value: Any, run: Run) -> Any:
    """A duration in weight updates; a number is left to optax."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConfigError(f"optax: {key} must be a whole number of weight updates or a duration; got {value!r}.")
    if not isinstance(value, str):
        return value
    try:
        return run.steps(value, least=1 if run.exact_steps(value) else 0)
    except ConfigError as error:
        raise ConfigError(f"optax: {key}={error}") from None


def _list_of_nodes(key: str, value: Any, form: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        raise ConfigError(f"optax: {key} must be a list of at least one {form}; got {value!r}.")
    return value


def _nested(node: Mapping[str, Any], run: Run) -> Callable[[Any], Any]:
    """One of the schedules that join_schedules joins."""
    wrong = set(node) - {"function", "arguments"}
    if wrong or not isinstance(node.get("function"), str) or not isinstance(node.get("arguments", {}), Mapping):
        raise ConfigError(f"optax: each of schedules must be {{function: …, arguments: {{…}}}}; got {dict(node)!r}.")
    return _build(node["function"], node.get("arguments", {}), run)


def _signature(name: str) -> str:
    """The function and its parameters as optax writes them, without types."""
    signature = inspect.signature(functions()[name])
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"{name}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def _refused(name: str, arguments: Mapping[str, Any], error: Exception) -> ConfigError:
    cause = " ".join(str(error).split())[:300]
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return ConfigError(
        f"optax: {name} does not accept {given or 'no arguments'} ({type(error).__name__}: {cause}). "
        f"It is {_signature(name)}; try numbers for its values, and steps or durations such as 10% for its lengths."
    )


@hookimpl
def annealkit_schedules() -> dict[str, type]:
    return {"optax": OptaxSchedule}
