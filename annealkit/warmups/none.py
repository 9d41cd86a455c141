"""No warmup."""

from annealkit import checked_dataclass, hookimpl


@checked_dataclass
class NoWarmup:
    """Begin with the schedule's own first value."""


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"none": NoWarmup}
