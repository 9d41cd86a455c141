"""What must be the same for a comparison: data, model, budget.

Data are the same if their name, their size and the fingerprint of their images are. Runs without a fingerprint, which
an earlier version made, have the same data if their origin is the same, or one says no more than the other plus how it
was fetched (`<address>, cached in <folder>` and, from then on, `cached in <folder>`).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from annealkit.compare.runs import SEED, FoundRun
from annealkit.compare.values import ABSENT, as_text

RATES = "learning rates"
IMAGES = "images"
BUDGET = ("trainer.epochs", "trainer.batch_size", "data.limit", "data.validation", "images.train", "total_steps")
FACETS = ("data", IMAGES, "model", *BUDGET)

# Options that change how an image is presented, not which images there are.
_SAME_IMAGES = ("data.normalize", "data.flip", "data.crop", "data.cutout")


def find_facets(runs: list[FoundRun]) -> None:
    """Tell each run everything that must be the same for a comparison; whether images are depends on all of them."""
    for run in runs:
        model = {key: value for key, value in run.settings.items() if key.partition(".")[0] == "model"}
        run.facets = {
            "data": run.data,
            **model,
            **{key: run.settings.get(key, ABSENT) for key in BUDGET[:4]},
            "images.train": run.train_images,
            "total_steps": run.total_steps,
        }
    alike: dict[str, list[FoundRun]] = defaultdict(list)
    for run in runs:
        alike[as_text([run.facets[key] for key in ("data", "data.limit", "data.validation", "images.train")])].append(
            run
        )
    for same in alike.values():
        for run, images in zip(same, _told_apart(same), strict=True):
            run.facets[IMAGES] = images


def dropped_facets(by: Sequence[str], runs: list[FoundRun]) -> set[str]:
    """The facets that no longer tell sections apart: those that `by` names, and those that follow from them."""
    dropped = set(by)
    for key in by:
        if key == "model":
            dropped |= {name for run in runs for name in run.settings if name.startswith("model.")}
        if key.partition(".")[0] == "data" and key not in _SAME_IMAGES:
            dropped |= {IMAGES, "images.train", "total_steps"}
        if key in ("trainer.epochs", "trainer.batch_size", "images.train", "optimizer.gradient_accumulation_steps"):
            dropped |= {"total_steps"}
        if key == "total_steps":  # A branch's epochs are counted from its weight updates.
            dropped |= {"trainer.epochs"}
        if key == "images.train":
            dropped |= {IMAGES, "data.limit", "data.validation"}
    return dropped


def own_settings(run: FoundRun) -> dict[str, Any]:
    """What groups are made of: everything but the seed, the facets and the name under which the data were asked for.

    The fingerprint of the learning rates is one of them: a schedule may have read a file that was changed since.
    """
    facets = {"data", "data.limit", "data.validation", "trainer.epochs", "trainer.batch_size", SEED}
    settings = {
        key: value for key, value in run.settings.items() if key not in facets and key.partition(".")[0] != "model"
    }
    return {**settings, RATES: run.environment.get(RATES, ABSENT)}


def _told_apart(runs: list[FoundRun]) -> list[str]:
    """For runs whose data have one name and size: what their images are called, different if they may differ.

    It is where they came from, and the fingerprint too where that place gave other images at other times.
    """
    unknown = sorted({run.origin for run in runs if not run.fingerprint}, key=len)
    origins: dict[str, str] = {}  # of each set of images, which its fingerprint stands for, or else its first origin
    for run in sorted(runs, key=lambda run: run.origin):
        origins.setdefault(_images(run, unknown), run.origin)
    several = Counter(origins.values())
    return [
        f"{origin}{f', {run.fingerprint}' if several[origin] > 1 and run.fingerprint else ''}"
        for run, origin in ((run, origins[_images(run, unknown)]) for run in runs)
    ]


def _images(run: FoundRun, unknown: list[str]) -> str:
    """What stands for the images of a run; `unknown` are the origins of those without a fingerprint, shortest first."""
    same = (origin for origin in unknown if origin == run.origin or _one_more_step(origin, run.origin))
    return run.fingerprint or next(same)


def _one_more_step(left: str, right: str) -> bool:
    """Whether the longer of two origins is the shorter one and how it was fetched."""
    short, long = sorted((left, right), key=len)
    return bool(short) and (long.startswith(f"{short}, ") or long.endswith(f", {short}"))
