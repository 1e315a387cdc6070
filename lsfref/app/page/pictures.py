"""Arrays as pictures: PNG and GIF inside the page, with colours that most eyes can tell apart."""

import base64
import collections
import html
import itertools
import re
from collections.abc import Sequence

import imageio.v3 as iio
import numpy as np

from lsfref.arrays import Floats, Ints
from lsfref.kernels import pyramid

WIDEST = 640  # pixels of a picture's longer side
# The colours of [OI08], told apart by colour-blind readers too.
BLUE, ORANGE, GREEN, RED = (0, 114, 178), (230, 159, 0), (0, 158, 115), (213, 94, 0)
PURPLE, SKY, YELLOW, GREY = (204, 121, 167), (86, 180, 233), (240, 228, 66), (120, 120, 120)

Pixels = Ints  # uint8, (H, W, 3)


class Canvas:
    """A grey frame, enlarged or reduced to be looked at, to draw on in its own coordinates."""

    def __init__(self, grey_HW: Floats, *, dim: float = 1.0, longest: int = WIDEST) -> None:
        height, width = grey_HW.shape
        side = max(height, width)
        if side > longest:
            grey_HW = pyramid.shrink(grey_HW.astype(np.float64), max_side=longest)
            whole = 1
        else:
            whole = max(1, longest // side)
        big = np.kron(np.clip(grey_HW * dim, 0, 255), np.ones((whole, whole)))
        self.zoom = big.shape[1] / width
        self.pixels = np.repeat(np.rint(big).astype(np.uint8)[..., None], 3, axis=2)

    def _place(self, points: Floats) -> Floats:
        return (np.asarray(points, dtype=np.float64) + 0.5) * self.zoom - 0.5

    def dot(self, points_P2: Floats, colour: Sequence[int], *, radius: int = 1) -> None:
        """Draw square dots at (x, y)."""
        height, width = self.pixels.shape[:2]
        for x, y in np.rint(self._place(points_P2)).astype(int):
            rows = slice(max(0, y - radius), min(height, y + radius + 1))
            self.pixels[rows, max(0, x - radius) : min(width, x + radius + 1)] = colour

    def line(self, points_S2: Floats, colour: Sequence[int]) -> None:
        """Draw a line through points (x, y)."""
        placed = self._place(points_S2)
        height, width = self.pixels.shape[:2]
        for begin, end in itertools.pairwise(placed):
            steps = int(np.abs(end - begin).max()) + 2
            x, y = np.rint(np.linspace(begin, end, steps)).astype(int).T
            seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            self.pixels[y[seen], x[seen]] = colour


def png(pixels: Pixels, alt: str, *, style: str = "") -> str:
    """Return an <img> of a PNG."""
    return _image(iio.imwrite("<bytes>", pixels, extension=".png"), "png", pixels, alt, style)


def gif(frames: Sequence[Pixels], alt: str, *, fps: float = 6.0) -> str:
    """Return an <img> of an endless animation."""
    data = iio.imwrite("<bytes>", np.stack(frames), extension=".gif", duration=1000 / fps, loop=0)
    return _image(data, "gif", frames[0], alt, "")


def _image(data: bytes, kind: str, pixels: Pixels, alt: str, style: str) -> str:
    height, width = pixels.shape[:2]
    text = base64.b64encode(data).decode()
    return (
        f'<img src="data:image/{kind};base64,{text}" width="{width}" height="{height}" '
        f'alt="{html.escape(alt)}" style="{style}">'
    )


def pictures_of(page: str) -> list[tuple[str, bytes]]:
    """Return the pixel pictures of a page as (name of a file, its bytes): stage3-1.gif, ..."""
    found, counts, stage = [], collections.Counter[str](), "page"
    for match in re.finditer(r'id="(stage\d+)"|src="data:image/(png|gif);base64,([^"]+)"', page):
        if match[1]:
            stage = match[1]
            continue
        counts[stage] += 1
        found.append((f"{stage}-{counts[stage]}.{match[2]}", base64.b64decode(match[3])))
    return found


def flow_colours(flow_HW2: Floats, largest: float) -> Pixels:
    """Return a flow as colours: direction is hue, length (up to `largest` pixels) is strength."""
    length_HW = np.sqrt((flow_HW2.astype(np.float64) ** 2).sum(axis=-1))
    turn_HW = np.arctan2(flow_HW2[..., 1], flow_HW2[..., 0]) / (2 * np.pi) % 1
    strength_HW = np.minimum(length_HW / max(largest, 1e-9), 1)
    hue = np.abs((turn_HW[..., None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1  # a hexagon of hues
    rgb = 1 - strength_HW[..., None] * (1 - np.clip(hue, 0, 1))
    return np.rint(rgb * 255).astype(np.uint8)


def flow_key(size: int = 120) -> Pixels:
    """Return the key of `flow_colours`: a disc whose rim is the largest length."""
    at = (np.arange(size) - (size - 1) / 2) / (size / 2)
    flow = np.stack(np.meshgrid(at, at), axis=-1)
    pixels = flow_colours(flow, 1.0)
    pixels[(flow**2).sum(axis=-1) > 1] = 255
    return pixels


def side_by_side(pictures: Sequence[Pixels], gap: int = 6) -> Pixels:
    """Return pictures in a row, aligned at the bottom, on white."""
    height = max(p.shape[0] for p in pictures)
    columns = []
    for picture in pictures:
        padded = np.full((height, picture.shape[1] + gap, 3), 255, np.uint8)
        padded[height - picture.shape[0] :, : picture.shape[1]] = picture
        columns.append(padded)
    return np.concatenate(columns, axis=1)[:, :-gap]
