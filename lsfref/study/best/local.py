"""Motion of the parts of a picture beside the camera's, in a run of frames (X8): trees.

In: frames_FHW, grey 0..255, successive.  Out: N_LOCAL numbers. No part of the paper.

Leaves move to and fro, many at once and each a little different; what walks or drives moves on.
"""

import numpy as np
import scipy  # its parts are loaded where they are used: every process starts 0.4 s sooner

from lsfref.arrays import Bools, Floats
from lsfref.study.best.changes import block_means

BLOCK = 6  # pixels, of which one flow is taken
DAMPING = 2.0  # grey levels squared a pixel, of the flow
FASTEST = 3.0  # pixels a frame
TEXTURE = 4.0  # grey levels squared a pixel, that a flow wants
ACTIVE = 0.15  # pixels a frame, root mean square
STILL = 0.02  # pixels a frame, added before a logarithm
BANDS = ((0.02, 0.06), (0.06, 0.12), (0.12, 0.25))  # cycles a frame
LAGS = (1, 2, 4)  # frames
N_LOCAL = 10 + len(LAGS) + len(BANDS)


def local(frames_FHW: Floats) -> Floats:
    """Return the share of textured blocks; of these the share that is active, the log of their
    median and ninth decile of speed; of the active ones correlations over LAGS, shares of the
    spectrum in BANDS, how horizontal and how lasting they move; how alike neighbors 1 and 3 blocks
    apart move; the logs of number and size of the clusters. Zeros without texture."""
    flow_2fhw, texture_hw = block_flow(frames_FHW)
    found = np.zeros(N_LOCAL)
    found[0] = texture_hw.mean()
    if texture_hw.sum() < 4:
        return found
    speed_hw = np.sqrt(np.square(flow_2fhw).sum(axis=0).mean(axis=0))
    active_hw = (speed_hw > ACTIVE) & texture_hw
    seen_hw = active_hw if active_hw.sum() > 3 else texture_hw
    speeds = np.quantile(speed_hw[texture_hw], (0.5, 0.9))
    clusters = scipy.ndimage.label(active_hw)[1]
    size = active_hw.sum() / max(clusters, 1) / active_hw.size
    found[1:4] = active_hw.sum() / texture_hw.sum(), *np.log(speeds + STILL)
    found[4:-4] = _rhythm(flow_2fhw[:, :, seen_hw])
    found[-4:-2] = _together(flow_2fhw * texture_hw)
    found[-2:] = np.log1p(clusters), np.log(size + 1e-3)
    return found


def block_flow(frames_FHW: Floats) -> tuple[Floats, Bools]:
    """Return flow_2fhw (right, down) in pixels a frame of each block from frame to frame, less its
    median over the picture, and where there is texture.

    Least squares of the gradients in a block (Lucas and Kanade 1981), one step.
    """
    soft = scipy.ndimage.gaussian_filter(frames_FHW, (0, 1, 1))
    down = (soft[:, 2:, 1:-1] - soft[:, :-2, 1:-1]) / 2
    right = (soft[:, 1:-1, 2:] - soft[:, 1:-1, :-2]) / 2
    later = np.diff(soft, axis=0)[:, 1:-1, 1:-1]
    later = later - np.median(later, axis=(1, 2), keepdims=True)  # light
    down, right = (down[1:] + down[:-1]) / 2, (right[1:] + right[:-1]) / 2
    pairs = [(right, right), (down, down), (right, down), (right, later), (down, later)]
    xx, yy, xy, xt, yt = (block_means(a * b, side=BLOCK) for a, b in pairs)
    texture_hw = (xx + yy).mean(axis=0) > TEXTURE
    xx, yy = xx + DAMPING, yy + DAMPING
    flow_2fhw = np.stack([xy * yt - yy * xt, xy * xt - xx * yt]) / (xx * yy - xy**2)
    flow_2fhw -= np.median(flow_2fhw, axis=(2, 3), keepdims=True)
    return np.clip(flow_2fhw, -FASTEST, FASTEST), texture_hw


def _rhythm(flow_2fB: Floats) -> list[float]:
    """Return the correlations over LAGS, the shares in BANDS, how horizontal, how lasting."""
    energy = np.square(flow_2fB).sum() + 0.01
    again = [(flow_2fB[:, lag:] * flow_2fB[:, :-lag]).sum() / energy for lag in LAGS]
    around_2fB = flow_2fB - flow_2fB.mean(axis=1, keepdims=True)
    power = np.square(np.abs(np.fft.rfft(around_2fB, axis=1))).sum(axis=(0, 2))
    rate = np.fft.rfftfreq(flow_2fB.shape[1])
    shares = [
        power[(rate >= low) & (rate < high)].sum() / (power.sum() + 0.01) for low, high in BANDS
    ]
    lasting = np.hypot(*flow_2fB.mean(axis=1)).mean()
    speed = np.sqrt(np.square(flow_2fB).sum(axis=0).mean())
    horizontal = np.square(flow_2fB[0]).sum() / energy
    return [*again, *shares, horizontal, np.log((lasting + STILL) / (speed + STILL))]


def _together(flow_2fhw: Floats) -> list[float]:
    energy = np.square(flow_2fhw).sum() + 0.01
    return [(flow_2fhw[..., d:] * flow_2fhw[..., :-d]).sum() / energy for d in (1, 3)]
