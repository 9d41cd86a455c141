"""The moving average of the loss, and the rule by which a ramp is stopped."""

import numpy as np

GIVE_UP = 4.0  # times the lowest smoothed loss so far: fastai's figure


def smoothing_weight(rates: np.ndarray, decades: float) -> float:
    """The weight of the past in `smooth` with which what is averaged is `decades` of the rate old, in the mean.

    Formula: w = a / (1 + a), with the mean age a = `decades` * updates for each factor of ten, so that ramps of any
    length and range are smoothed alike. 352 updates from 1e-6 to 10 with 0.2 decades: a = 10, w = 0.91.
    """
    age = decades * (len(rates) - 1) / float(np.log10(rates[-1] / rates[0]))
    return age / (1 + age)


def smooth(values: np.ndarray, weight: float) -> np.ndarray:
    """The bias-corrected exponential moving average.

    Formula: smooth[i] = sum over k <= i of w^(i-k) values[k] / sum over k <= i of w^(i-k); the first is values[0].

    Such an average is late: it tells of what was w / (1 - w) updates ago in the mean. So the logarithm of the rates is
    averaged with the same weights, and the smoothed loss stands over the smoothed rate: where the loss is a straight
    line over the logarithm of the rate, the smoothed one lies on that line.

    Args:
        values: float64, shape (n,).
        weight: w, of the past, in [0, 1).

    Source: Kingma and Ba 2014, arXiv 1412.6980, section 3, for the correction; Gugger 2018, "How Do You Find A Good
    Learning Rate", for its use here, with w = 0.98 and no regard to the lateness.
    """
    result = np.empty(len(values))
    total = weights = 0.0
    for i, value in enumerate(values.tolist()):
        total, weights = weight * total + value, weight * weights + 1
        result[i] = total / weights
    return result


def updates_kept(losses: np.ndarray, weight: float) -> tuple[int, str]:
    """How many updates of a ramp count, and why no more; an empty reason if all do.

    A ramp ends before the first loss that is not finite, or with the first update whose smoothed loss is more than 4
    times the lowest so far.
    """
    losses = losses.astype(np.float64)
    finite = int(np.argmin(np.isfinite(losses))) if not np.isfinite(losses).all() else len(losses)
    smoothed = smooth(losses[:finite], weight)
    over = smoothed > GIVE_UP * np.minimum.accumulate(smoothed) if finite else np.zeros(0, bool)
    if over.any():
        return int(np.argmax(over)) + 1, f"its smoothed loss was over {GIVE_UP:g} times its lowest"
    return finite, "" if finite == len(losses) else f"its loss was {losses[finite]}"
