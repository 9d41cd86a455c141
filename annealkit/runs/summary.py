"""The end of a run in words, for a person."""

import shlex

from annealkit.runs.result import DIVERGED, STOPPED, Result


def summarize(result: Result) -> str:
    """A few lines: how well, when best, how long, where it lies, how to look at it."""
    lines = [""]
    if result.status == DIVERGED:
        lines.append(f"Diverged: {result.message}")
    else:
        figures = f"{result.test_accuracy:.2%} (loss {result.test_loss:.4f})"
        lines.append(f"Test accuracy   {figures} on {result.data}; the test images were used only for this")
    if result.status == STOPPED:
        lines.append(f"Stopped         {result.message}")
    if result.best_epoch is not None:
        measure = "val_accuracy" if "val_accuracy" in result.history[0] else "accuracy"
        row = max(result.history, key=lambda row: row[measure])
        kind = "validation" if measure == "val_accuracy" else "training"
        last = int(result.history[-1]["epoch"])
        lines.append(f"Best epoch      {result.best_epoch} of {last}, by {kind} accuracy {row[measure]:.2%}")
    lines.append(f"Time            {_duration(result.seconds)} for {result.updates:,} weight updates")
    if result.inexact:
        lines.append(f"Not exact       continued although these changed: {'; '.join(result.inexact)}")
    lines.append(f"Run             {result.folder}")
    lines.append(f"TensorBoard     tensorboard --logdir {shlex.quote(str(result.folder.parent))}")
    return "\n".join(lines)


def roughly(seconds: float) -> str:
    """A time that is only estimated: `40 s`, `12 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{int(minutes)} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"
