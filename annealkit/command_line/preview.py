"""`annealkit preview`: the learning-rate curve that the given configuration would be trained with."""

from annealkit.configuration.composition import compose
from annealkit.configuration.plan import make_plan, to_settings
from annealkit.plugin_system.registry import load_registry
from annealkit.preview import PreviewSettings, show, warnings


def preview_command(arguments: list[str]) -> int:
    """Draw the curve, and say what is probably not meant."""
    registry = load_registry()
    config = compose(arguments, registry)
    settings = to_settings(config.preview, PreviewSettings)
    plan = make_plan(config, registry, settings.steps_per_epoch)
    parts = plan.parts
    warmup = "" if parts.warmup is None else f" after {config.warmup.name} warmup"
    title = f"{config.schedule.name}{warmup}, optimizer {config.optimizer.name}"
    found = warnings(plan.rates, plan.run, parts.schedule, parts.warmup, parts.optimizer.lr)
    show(plan.rates, plan.run, settings, title, plan.momenta, [*found, *plan.without_effect()])
    return 0
