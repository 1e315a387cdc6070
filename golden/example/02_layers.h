// Stage 2 of 10, what both flows are made of: layers, window sums, medians, reading, slopes.
#pragma once
#include "01_video.h"
using Shape = std::array<long, 2>;

// products of sqrt(2) in float32; A3 (02 par. 2)
const float RATIO = (float)std::sqrt(2.0);
double scale_factor(long k) {
  float factor = 1;
  while (k-- > 0) factor *= RATIO;
  return factor;
}
// round(side / factor), halves to even: rows and columns of all layers; A3
Shape smaller(const vector<long>& frame, long k) {
  return {nearest_even(frame[0] / scale_factor(k)), nearest_even(frame[1] / scale_factor(k))};
}

// layers while the shorter side, divided by sqrt(2) again and again in float32, is 32 or more; A3 (02 par. 2)
vector<Shape> layer_shapes(const vector<long>& frame, long n_scales) {
  vector<Shape> out = {{frame[0], frame[1]}};
  for (float side = (float)min(frame[0], frame[1]) / RATIO; (long)out.size() < n_scales && side >= 32; side /= RATIO)
    out.push_back(smaller(frame, (long)out.size()));
  return out;
}

// layer k of `sizes` from layer k - 1: pixel i of n reads (i + 1/2) N / n - 1/2, bilinear, clamped, positions in
// double; A3 (02 par. 3)
struct Place { long low, high; double share; };
vector<Place> places(long n_in, long n_out) {
  vector<Place> out;
  for (long i = 0; i < n_out; i++) {
    const double at = min(max((i + 0.5) * ((double)n_in / n_out) - 0.5, 0.0), n_in - 1.0);
    const long low = min((long)at, max(n_in - 2, 0L));
    out.push_back({low, min(low + 1, n_in - 1), at - low});
  }
  return out;
}
real between(real a, real b, real share) { return a + share * (b - a); }
Array resize(const Array& from, Shape to) {
  const auto rows = places(from.shape[0], to[0]), columns = places(from.shape[1], to[1]);
  return image(to[0], to[1], [&](long y, long x) {
    const Place &v = rows[y], &u = columns[x];
    const auto column = [&](long i) { return between(from(v.low, i), from(v.high, i), (real)v.share); };
    return between(column(u.low), column(u.high), (real)u.share);
  });
}

// the same in whole numbers: weights of 11 bits, two shifts, one rounding; A2 (02 par. 4)
Array resize_8bit(const Array& from, Shape to) {
  const auto rows = places(from.shape[0], to[0]), columns = places(from.shape[1], to[1]);
  const auto bits = [](double share) { return nearest_even(2048 * (float)share); };
  return image(to[0], to[1], [&](long y, long x) {
    const Place &v = rows[y], &u = columns[x];
    const auto row = [&](long j) {
      return ((long)from(j, u.low) * bits(1 - u.share) + (long)from(j, u.high) * bits(u.share)) >> 4;
    };
    return ((bits(1 - v.share) * row(v.low) >> 16) + (bits(v.share) * row(v.high) >> 16) + 2) >> 2;
  });
}
vector<Array> grey_layers(const Array& frame, long n_scales, bool eight_bits) {
  vector<Array> out;
  for (Shape to : layer_shapes(frame.shape, n_scales))
    out.push_back(out.empty() ? frame : (eight_bits ? resize_8bit : resize)(out.back(), to));
  return out;
}

// window sums, 0 outside (02 par. 5): of all windows that hold a pixel, by their last pixel
Array window_sums(const Array& from, long size) {
  const long h = from.shape[0], w = from.shape[1], wide = w + size - 1;
  Array rows({h, wide}), out({h + size - 1, wide});
  for (long y = 0; y < h; y++)
    for (long k = 0; k < size; k++) for (long x = 0; x < w; x++) rows(y, x + k) += from(y, x);
  for (long y = 0; y < h; y++)
    for (long k = 0; k < size; k++) for (long x = 0; x < wide; x++) out(y + k, x) += rows(y, x);
  return out;
}
Array box_sums(const Array& from, long size) {
  const Array sums = window_sums(from, size);
  return image(from.shape[0], from.shape[1], [&](long y, long x) { return sums(y + size / 2, x + size / 2); });
}

// edge pixels repeated; A2 (02 par. 6)
Array median(const Array& from, long size) {
  const long h = from.shape[0], w = from.shape[1], r = size / 2, n = size * size;
  vector<real> seen(n);
  return image(h, w, [&](long y, long x) {
    real* next = seen.data();
    for (long j = y - r; j <= y + r; j++)
      for (long i = x - r; i <= x + r; i++) *next++ = from(clamp(j, 0, h - 1), clamp(i, 0, w - 1));
    std::nth_element(seen.begin(), seen.begin() + n / 2, seen.end());
    return seen[n / 2];
  });
}

// bilinear, positions clamped (02 par. 7)
real read_at(const Array& from, real x, real y) {
  const long h = from.shape[0], w = from.shape[1];
  x = min(max(x, (real)0), (real)(w - 1)), y = min(max(y, (real)0), (real)(h - 1));
  const long left = (long)x, top = (long)y, right = min(left + 1, w - 1), low = min(top + 1, h - 1);
  return between(between(from(top, left), from(top, right), x - left),
                 between(from(low, left), from(low, right), x - left), y - top);
}

// (1, -8, 0, 8, -1) / 12 along x, 0 in the outer two columns (02 par. 8)
// the same along y, 0 in the outer two rows
Array slope(const Array& from, long dx, long dy) {
  const long h = from.shape[0], w = from.shape[1];
  return image(h, w, [&](long y, long x) {
    const auto at = [&](long k) { return from(y + k * dy, x + k * dx); };
    const bool outer = dx ? x < 2 || x >= w - 2 : y < 2 || y >= h - 2;
    return outer ? 0 : ((at(1) - at(-1)) * 8 - at(2) + at(-2)) / 12;
  });
}

Array component(const Array& flow, long k) {
  return image(flow.shape[0], flow.shape[1], [&](long y, long x) { return flow(y, x, k); });
}
Array joined(const Array& u, const Array& v) {  // one flow (H, W, 2)
  Array out({u.shape[0], u.shape[1], 2});
  for (long i = 0; i < out.size(); i++) out[i] = (i % 2 ? v : u)[i / 2];
  return out;
}

KIND(box) { c.put("sums_HW", box_sums(c.get("image_HW"), (long)c.number("size"))); }
KIND(median) { c.put("median_HW", median(c.get("image_HW"), (long)c.number("size"))); }
KIND(warp) {
  const Array from = c.get("image_HW");
  c.put("warped_HW", map([&](real x, real y) { return read_at(from, x, y); }, c.get("x_HW"), c.get("y_HW")));
}
KIND(slopes) { c.put("gx_HW", slope(c.get("image_HW"), 1, 0)), c.put("gy_HW", slope(c.get("image_HW"), 0, 1)); }
KIND(layers) {
  const bool eight = c.word("bits") == "8";
  const auto layers = grey_layers(c.get("frame_HW"), (long)c.number("n_scales"), eight);
  for (size_t k = 1; k < layers.size(); k++) {
    Ints whole(layers[k].shape);
    std::copy(layers[k].v.begin(), layers[k].v.end(), whole.v.begin());
    const string name = "layer_" + to_string(k) + "_HW";
    eight ? c.put(name, whole) : c.put(name, layers[k]);
  }
}
KIND(sizes) {
  const Ints shapes = c.ints("shapes_M2");
  Ints counts, layers({0, 2});
  Array factors;
  for (long m = 0; m < shapes.shape[0]; m++) {
    const auto own = layer_shapes({shapes(m, 0), shapes(m, 1)}, 8);
    for (Shape shape : own) layers.push({shape[0], shape[1]});
    counts.push({(long)own.size()});
  }
  for (long k = 0; k < 8; k++) factors.push({(real)scale_factor(k)});
  c.put("counts_M", counts), c.put("layers_R2", layers), c.put("factors_8", factors);
}
