"""A contact sheet of the built-in scenes: one row a class, and what its motion looks like."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np

from lsfref.arrays import Ints
from lsfref.scenes.clip_set import Settings, render_clip
from lsfref.scenes.render.clips import CLASSES
from lsfref.storage.files import write_bytes

_GAP = 4
_SHOWN = ((0, "none"), (0, "human"), (1, "none"), (1, "human"), (2, "human"))
# 3 x 5 letters: a row is an octal digit, the first one the top
_ROWS = (
    "25755 65656 34443 65556 74647 74644 34553 55755 72227 11152 55655 44447 57755 57775 25552 "
    "65644 25573 65655 34216 72222 55557 55552 55775 55255 55222 71247 00000"
)
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz ", _ROWS.split(), strict=True))


def contact_sheet(path: str | Path, settings: Settings) -> None:
    """Write a PNG or JPEG: of each class its name, frames without and with people, a time slice.

    The time slice is one row of the last clip, frame below frame: what stands still is upright,
    what moves slants, what flickers is striped.
    """
    height, frames, bands = settings.size[1], settings.frames, []
    for background in (*CLASSES, *settings.extra):
        row = []
        for scene, foreground in _SHOWN:
            clip_FHW3 = render_clip(settings, scene, background, foreground)
            row.append(clip_FHW3[frames // 2])
        when = np.arange(height) * frames // height
        row.append(clip_FHW3[when, int(0.68 * height)])
        gap = np.full((height, _GAP, 3), 255, np.uint8)
        strip = np.concatenate([part for picture in row for part in (picture, gap)][:-1], axis=1)
        bands += [label(background, strip.shape[1]), strip]
    sheet = np.concatenate(bands, axis=0)
    kind = ".jpg" if Path(path).suffix.lower() in (".jpg", ".jpeg") else ".png"
    write_bytes(path, iio.imwrite("<bytes>", sheet, extension=kind))


def label(text: str, width: int) -> Ints:
    """Return a white strip (18, width, 3) of bytes with small letters on it."""
    strip = np.full((18, width, 3), 255, np.uint8)
    for k, letter in enumerate(text):
        bits = [[int(row) >> b & 1 for b in (2, 1, 0)] for row in _LETTERS[letter]]
        left = 2 + 8 * k
        strip[4:14, left : left + 6][np.kron(bits, np.ones((2, 2))) > 0] = 40
    return strip
