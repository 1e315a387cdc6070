"""Strokes and layers: by hand, and against a literal loop."""

import numpy as np
import oracles_scenes as oracles

from lsfref.scenes.render import shapes


def test_what_stands_nearer_hides_what_moves_behind():
    still = np.zeros((3, 5, 7), np.float32)
    depth = np.full((5, 7), 20.0, np.float32)
    depth[:, :3] = 4.0  # a wall on the left
    bar = np.full((3, 1, 7), 0.5, np.float32), np.ones((1, 7), np.float32)
    layers = [shapes.Layer(*bar, left=0, top=top, depth=8.0) for top in (1, 9)]
    layers.append(shapes.Layer(*bar, left=-2, top=3, depth=8.0))
    glass = np.full((3, 1, 7), 0.3, np.float32), np.full((1, 7), 0.4, np.float32)
    layers.insert(0, shapes.Layer(*glass, left=0, top=1, depth=6.0))
    frame = shapes.lay_over(still, depth, layers)
    near = np.float32(0.5 * 0.6 + 0.3)
    np.testing.assert_allclose(frame[0, 1], [0, 0, 0, near, near, near, near])
    np.testing.assert_allclose(frame[0, 3], [0, 0, 0, 0.5, 0.5, 0, 0])
    assert frame[:, [0, 2, 4]].max() == 0
    assert still.max() == 0


def test_a_stroke_equals_the_loop():
    start, end, radii = (3.2, 2.1), (8.7, 6.4), (2.5, 1.2)
    cover, side = shapes.capsule(
        np.arange(13, dtype=np.float32),
        np.arange(11, dtype=np.float32)[:, None],
        *(np.array(pair, np.float32)[:, None] for pair in (start, end, radii)),
    )
    wanted = [[oracles.capsule(x, y, start, end, radii) for x in range(13)] for y in range(11)]
    np.testing.assert_allclose(cover[0], wanted, atol=1e-5)
    assert -1 <= side.min() < 0 < side.max() <= 1


def test_the_window_moves_with_what_is_painted_and_the_nearest_is_on_top():
    across_F = np.array([10.0, 20.0, 5.5])
    point_2F = np.stack([across_F, np.full(3, 7.0)]).astype(np.float32)
    small_2F, large_2F = np.full((2, 3), 2.0, np.float32), np.full((2, 3), 4.0, np.float32)
    dots = [
        shapes.Stroke(point_2F, point_2F, small_2F, (1, 0, 0)),
        shapes.Stroke(point_2F, point_2F, large_2F, (0, 1, 0)),
    ]
    layers = shapes.paint(dots, np.array([6.0, 5.0, 4.0]), sun=0.0)
    assert [layer.depth for layer in layers] == [6, 5, 4]
    assert layers[1].left - layers[0].left == 10
    for layer, across in zip(layers, across_F, strict=True):
        assert layer.cover_hw.shape == layers[0].cover_hw.shape
        frame = shapes.lay_over(np.zeros((3, 17, 31)), np.full((17, 31), 9.0), [layer])
        np.testing.assert_allclose(frame[:2, 7, round(across)], [0.88, 0], atol=1e-6)
        np.testing.assert_allclose(frame[:2, 10, round(across)], [0, 0.88], atol=1e-6)
        assert frame[:, 12].max() == 0
        columns = frame[1].sum(axis=0) @ np.arange(31) / frame[1].sum()
        np.testing.assert_allclose(columns, across, atol=0.05)
