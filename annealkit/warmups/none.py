"""No warmup."""

from dataclasses import dataclass

from annealkit import hookimpl


@dataclass
class NoWarmup:
    """Begin with the schedule's own first value."""


@hookimpl
def annealkit_warmups() -> dict[str, type]:
    return {"none": NoWarmup}
