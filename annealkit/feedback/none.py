"""No feedback."""

from dataclasses import dataclass

from annealkit import hookimpl


@dataclass
class NoFeedback:
    """Follow the schedule whatever is observed."""


@hookimpl
def annealkit_feedback() -> dict[str, type]:
    return {"none": NoFeedback}
