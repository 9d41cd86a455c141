"""No feedback."""

from annealkit import checked_dataclass, hookimpl


@checked_dataclass
class NoFeedback:
    """Follow the schedule whatever is observed."""


@hookimpl
def annealkit_feedback() -> dict[str, type]:
    return {"none": NoFeedback}
