"""How a person moves on the floor: a velocity that is forgotten over some time.

An Ornstein-Uhlenbeck velocity with standard deviation `s` and time constant `T` for each axis
(Uhlenbeck & Ornstein 1930): people neither keep a direction for ever nor walk arbitrarily fast.
With `a = exp(-dt / T)`:

    v' = a v                          var += s^2 (1 - a^2)
    x' = x + T (1 - a) v              var += s^2 T^2 (2 dt / T - 3 + 4 a - a^2)
                                      cov += s^2 T (1 - a)^2
"""

import math

from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, STATE_SIZE, VX, X
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.settings import FusionSettings
from streams.domain.tracking.types import Matrix, Vector


@compiled
def predict(mean: Vector, covariance: Matrix, dt_s: float, params: FusionSettings) -> None:
    """Move a person on by a time, in place."""
    kept = math.exp(-dt_s / params.turn_s)
    reach = params.turn_s * (1.0 - kept)
    for axis in range(2):
        mean[X + axis] += reach * mean[VX + axis]
        mean[VX + axis] *= kept
        # F C F', where F adds `reach` times the velocity to the position and keeps a share of it.
        for k in range(STATE_SIZE):
            covariance[X + axis, k] += reach * covariance[VX + axis, k]
            covariance[VX + axis, k] *= kept
        for k in range(STATE_SIZE):
            covariance[k, X + axis] += reach * covariance[k, VX + axis]
            covariance[k, VX + axis] *= kept
    speed_var = params.speed_m_s * params.speed_m_s
    far = 2.0 * dt_s / params.turn_s - 3.0 + 4.0 * kept - kept * kept
    both = speed_var * params.turn_s * (1.0 - kept) ** 2
    for axis in range(2):
        covariance[X + axis, X + axis] += speed_var * params.turn_s * params.turn_s * far
        covariance[VX + axis, VX + axis] += speed_var * (1.0 - kept * kept)
        covariance[X + axis, VX + axis] += both
        covariance[VX + axis, X + axis] += both
    size_var = params.size_walk_m * params.size_walk_m * dt_s
    covariance[HEIGHT, HEIGHT] += size_var
    covariance[RADIUS, RADIUS] += size_var
