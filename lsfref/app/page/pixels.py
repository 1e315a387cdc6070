"""Arrays as pictures: PNG and GIF inside the page, drawn on in the colors of all pages."""

import base64
import re
from collections.abc import Sequence

import imageio.v3 as iio
import numpy as np

from lsfref.app.page.marks import Color
from lsfref.app.page.shell import text
from lsfref.arrays import Floats, Ints
from lsfref.kernels import pyramid

WIDEST = 640  # pixels of a picture's longer side
THUMB = 200  # of a small one's

Pixels = Ints  # uint8, (H, W, 3)


class Canvas:
    """A grey frame, enlarged or reduced to be looked at, to draw on in its own coordinates."""

    def __init__(self, grey_HW: Floats, *, dim: float = 1.0, longest: int = WIDEST) -> None:
        shrunk_hw = pyramid.resize(grey_HW.astype(np.float64), max_side=longest)
        whole = longest // max(shrunk_hw.shape)
        big = np.kron(np.clip(shrunk_hw * dim, 0, 255), np.ones((whole, whole)))
        self.zoom = big.shape[1] / grey_HW.shape[1]
        self.pixels = np.repeat(np.rint(big).astype(np.uint8)[..., None], 3, axis=2)

    def dot(self, points_P2: Floats, color: Color, *, radius: int = 1) -> None:
        """Draw square dots at (x, y)."""
        across = np.arange(-radius, radius + 1)
        square = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
        self._paint(np.rint(self._place(points_P2))[:, None] + square, color)

    def line(self, points_PS2: Floats, color: Color) -> None:
        """Draw lines, each through S points (x, y)."""
        placed_PS2 = self._place(points_PS2)
        begins, steps = placed_PS2[:, :-1], np.diff(placed_PS2, axis=1)
        along = np.linspace(0, 1, int(np.abs(steps).max(initial=0)) + 2)[:, None]
        self._paint(np.rint(begins[:, :, None] + along * steps[:, :, None]), color)

    def _place(self, points: Floats) -> Floats:
        return (np.asarray(points, dtype=np.float64) + 0.5) * self.zoom - 0.5

    def _paint(self, places: Floats, color: Color) -> None:
        x, y = places.reshape(-1, 2).astype(int).T
        height, width = self.pixels.shape[:2]
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        self.pixels[y[seen], x[seen]] = color


def png(pixels: Pixels, alt: str, *, kind: str = "") -> str:
    """Return an <img> of a PNG; `kind` is its class in the page's style."""
    return _image(iio.imwrite("<bytes>", pixels, extension=".png"), "png", pixels, alt, kind)


def thumb(grey_HW: Floats | None, alt: str) -> str:
    """Return a small picture of a frame; without one, a place that says so."""
    if grey_HW is None:
        return '<div class="thumb none">no picture</div>'
    grey = Canvas(grey_HW, longest=THUMB).pixels[..., 0]  # three times less
    return png(grey, alt, kind="thumb")


def gif(frames: Sequence[Pixels], alt: str, *, fps: float = 6.0) -> str:
    """Return an <img> of an endless animation."""
    data = iio.imwrite("<bytes>", np.stack(frames), extension=".gif", duration=1000 / fps, loop=0)
    return _image(data, "gif", frames[0], alt, "")


def _image(data: bytes, form: str, pixels: Pixels, alt: str, kind: str) -> str:
    height, width = pixels.shape[:2]
    source = f"data:image/{form};base64,{base64.b64encode(data).decode()}"
    size = f'width="{width}" height="{height}"'
    return f'<img src="{source}" {size} class="{kind}" alt="{text(alt)}">'


def pictures_of(page: str) -> list[tuple[str, bytes]]:
    """Return the pixel pictures of a page as (name of a file, its bytes): stage3-1.gif, ..."""
    found, stage, n = [], "page", 0
    for match in re.finditer(r'id="(stage\d+)"|src="data:image/(png|gif);base64,([^"]+)"', page):
        if match[1]:
            stage, n = match[1], 0
            continue
        n += 1
        found.append((f"{stage}-{n}.{match[2]}", base64.b64decode(match[3])))
    return found


def flow_colors(flow_HW2: Floats, largest: float) -> Pixels:
    """Return a flow as colors: direction is hue, length (up to `largest` pixels) is strength."""
    length_HW = np.sqrt((flow_HW2.astype(np.float64) ** 2).sum(axis=-1))
    turn_HW = np.arctan2(flow_HW2[..., 1], flow_HW2[..., 0]) / (2 * np.pi) % 1
    strength_HW = np.minimum(length_HW / max(largest, 1e-9), 1)
    hue = np.abs((turn_HW[..., None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1  # a hexagon of hues
    rgb = 1 - strength_HW[..., None] * (1 - np.clip(hue, 0, 1))
    return np.rint(rgb * 255).astype(np.uint8)


def flow_key(size: int = 120) -> Pixels:
    """Return the key of `flow_colors`: the rim of the disc in it is the largest length."""
    at = (np.arange(size) - (size - 1) / 2) / (size / 2)
    flow = np.stack(np.meshgrid(at, at), axis=-1)
    return flow_colors(flow, 1.0)
