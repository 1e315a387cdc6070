// Stage 1 of 10: RGB to grey, and frames made smaller.
#pragma once
#include "case.h"

// 0.299 R + 0.587 G + 0.114 B, unrounded; A1 (01 par. 2)
// (9798 R + 19235 G + 3735 B + 16384) >> 15; A1, farneback (01 par. 3)
KIND(grey) {
  const Ints rgb = c.ints("rgb_HW3");
  Array luma({rgb.shape[0], rgb.shape[1]});
  Ints fixed(luma.shape);
  for (long i = 0; i < luma.size(); i++) {
    const int64_t r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
    luma[i] = (real)(299 * r + 587 * g + 114 * b) / 1000;
    fixed[i] = (9798 * r + 19235 * g + 3735 * b + 16384) >> 15;
  }
  c.put("grey_HW", luma), c.put("grey_8bit_HW", fixed);
}

// mean over the area that a pixel covers; A1 (01 par. 5): of columns; the result lies transposed
Array area_means(const Array& in, long n_out) {
  const long n_in = in.shape[0];
  return image(in.shape[1], n_out, [&](long x, long i) {
    real sum = 0;
    for (long j = i * n_in / n_out; j < n_in && j * n_out < (i + 1) * n_in; j++) {
      const long low = max(i * n_in, j * n_out), high = min((i + 1) * n_in, (j + 1) * n_out);
      sum += (real)(high - low) / n_in * in(j, x);
    }
    return sum;
  });
}

// The longer side becomes max_side, the other keeps the aspect, halves up, 1 at least (01 par. 4)
KIND(shrink) {
  const Array frame = c.get("frame_HW");
  const long most = (long)c.number("max_side"), h = frame.shape[0], w = frame.shape[1], longer = max(h, w);
  const auto side = [&](long n) { return max(1L, (2 * n * most + longer) / (2 * longer)); };
  const bool small = most <= 0 || longer <= most;
  c.put("shrunk_HW", small ? frame : area_means(area_means(frame, side(h)), side(w)));
}
