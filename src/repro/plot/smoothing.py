"""Smoothing of noisy curves."""

import math
from collections.abc import Sequence

__all__ = ["smooth"]


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Returns the exponential moving average of a curve, as TensorBoard shows it.

    It begins at zero, and each average is divided by the weight that true values have in it so far
    (1 - weight^n), so that the first ones are not drawn to zero. What is not finite stays as it is
    and counts for nothing; equal values stay exactly equal. This is `classicSmoothing` in
    tensorboard/webapp/widgets/line_chart_v2/data_transformer.ts.

    Args:
        values: In the order logged.
        weight: From 0, which changes nothing, to less than 1.
    """
    if not weight or not values or all(value == values[0] for value in values):
        return list(values)
    smoothed = []
    average, share_left = 0.0, 1.0
    for value in values:
        if not -math.inf < value < math.inf:
            smoothed.append(value)
            continue
        average = average * weight + (1 - weight) * value
        share_left *= weight
        smoothed.append(average / (1 - share_left))
    return smoothed
