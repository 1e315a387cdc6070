"""Tiny labeled clips for tests: one texture, moved in one way a class. Deterministic."""

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from lsfref.media.writer import write_video

HEIGHT, WIDTH, FRAMES = 41, 53, 19
CLASSES = ("camera shaking", "tree waving", "normal")
BRIEF = ["--set", "epochs=4", "--set", "n_samples=2000", "--set", "n_scales=2"]  # of a training


def texture(seed, shape=(HEIGHT + 40, WIDTH + 40)):
    rng = np.random.default_rng(seed)
    image = gaussian_filter(rng.standard_normal(shape), 1.5)
    return 128 + 55 * image / image.std()


def clip(kind, seed, *, human=False, n_frames=FRAMES):
    """Return frames_FHW uint8: all of it shakes, one half sways, or only a part drifts."""
    rng = np.random.default_rng([seed, CLASSES.index(kind), int(human)])
    picture, other = texture(seed), texture(seed + 1000)
    frames = []
    for t in range(n_frames):
        if kind == "camera shaking":
            dy, dx = 20 + 3 * np.sin(1.3 * t + seed), 20 + 4 * np.cos(1.1 * t)
        elif kind == "tree waving":
            dy, dx = 20, 20 + 3 * np.sin(0.5 * t + seed)
        else:
            dy = dx = 20
        rows, columns = round(float(dy)), round(float(dx))
        frame = picture[rows : rows + HEIGHT, columns : columns + WIDTH].copy()
        if kind == "tree waving":
            frame[:, : WIDTH // 2] = picture[20 : 20 + HEIGHT, 20 : 20 + WIDTH // 2]
        left = (2 * t) % (WIDTH - 20) if human else (t // 2) % (WIDTH - 20)
        frame[12:32, left : left + 16] = other[:20, :16]
        frames.append(frame + rng.normal(0, 1.0, frame.shape))
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


def write_set(folder, *, per_class=3):
    """Write clips and `labels.csv` into a folder; return the path of the list."""
    lines = ["file,background,foreground,group"]
    for c, kind in enumerate(CLASSES):
        for i in range(per_class):
            human = (c + i) % 2 == 1
            name = f"{c}{i}.mkv"
            write_video(Path(folder) / name, clip(kind, 10 * c + i, human=human), fps=25)
            lines.append(f"{name},{kind},{'human' if human else 'none'},g{c}{i}")
    labels = Path(folder) / "labels.csv"
    labels.write_text("\n".join(lines) + "\n")
    return labels


def rewrite(labels, folder, change):
    """Return a label list in a folder of its own, its clips linked there: change(header, rows)."""
    header, *rows = labels.read_text().splitlines()
    header, rows = change(header, rows)
    for clip in labels.parent.glob("*.mkv"):
        (folder / clip.name).symlink_to(clip)
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path
