"""A contact sheet of the built-in scenes: one row a class, and what its motion looks like."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np

from lsfref.arrays import Ints
from lsfref.scenes.clip_set import FRAMES, SIZE, render_clip
from lsfref.scenes.render.clips import CLASSES
from lsfref.storage.files import write_whole

_GAP = 4
# 3 x 5 letters: fifteen bits from the top left, row by row
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz ",
        (
            0o25755, 0o65656, 0o34443, 0o65556, 0o74647, 0o74644, 0o34553, 0o55755, 0o72227,
            0o11152, 0o55655, 0o44447, 0o57755, 0o57775, 0o25552, 0o65644, 0o25573, 0o65655,
            0o34216, 0o72222, 0o55557, 0o55552, 0o55775, 0o55255, 0o55222, 0o71247, 0,
        ),
        strict=True,
    )
)  # fmt: skip


def contact_sheet(
    path: str | Path,
    *,
    seed: int,
    scenes: tuple[int, ...] = (0, 1, 2),
    frames: int = FRAMES,
    size: tuple[int, int] = SIZE,
    extra: tuple[str, ...] = (),
) -> None:
    """Write a PNG or JPEG: of each class its name, frames without and with people, a time slice.

    The time slice is one row of the last clip, frame below frame: what stands still is upright,
    what moves slants, what flickers is striped.
    """
    height = size[1]
    bands = []
    for background in (*CLASSES, *extra):
        row = []
        for scene in scenes:
            for foreground in ("none", "human") if scene != scenes[-1] else ("human",):
                clip_FHW3 = render_clip(
                    seed=seed, scene=scene, background=background, foreground=foreground,
                    frames=frames, size=size,
                )  # fmt: skip
                row.append(clip_FHW3[frames // 2])
        when = np.arange(height) * frames // height
        row.append(clip_FHW3[when, int(0.68 * height)])
        gap = np.full((height, _GAP, 3), 255, np.uint8)
        strip = np.concatenate([part for picture in row for part in (picture, gap)][:-1], axis=1)
        bands += [label(background, strip.shape[1]), strip]
    sheet = np.concatenate(bands, axis=0)
    with write_whole(path) as file:
        suffix = Path(path).suffix.lower()
        kind = suffix if suffix in (".jpg", ".jpeg") else ".png"
        file.write(iio.imwrite("<bytes>", sheet, extension=kind))


def label(text: str, width: int) -> Ints:
    """Return a white strip (18, width, 3) of bytes with small letters on it."""
    strip = np.full((18, width, 3), 255, np.uint8)
    for k, letter in enumerate(text):
        bits = np.array([_LETTERS[letter] >> (14 - b) & 1 for b in range(15)]).reshape(5, 3)
        left = 2 + 8 * k
        strip[4:14, left : left + 6][np.kron(bits, np.ones((2, 2))) > 0] = 40
    return strip
