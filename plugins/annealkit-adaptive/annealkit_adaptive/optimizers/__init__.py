"""The Keras optimizers and a callback; they need Keras and nothing of annealkit."""

from annealkit_adaptive.optimizers.adabound import AdaBound
from annealkit_adaptive.optimizers.averaged_weights import AveragedWeights
from annealkit_adaptive.optimizers.momo import Momo, MomoAdam
from annealkit_adaptive.optimizers.prodigy import Prodigy
from annealkit_adaptive.optimizers.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from annealkit_adaptive.optimizers.swats import SWATS

__all__ = [
    "SWATS",
    "AdaBound",
    "AveragedWeights",
    "Momo",
    "MomoAdam",
    "Prodigy",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
]
