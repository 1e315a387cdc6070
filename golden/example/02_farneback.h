// Stage 2 of 10, the cited flow: Farneback's, as the dense-trajectories program has it.
#pragma once
#include "02_layers.h"
using Kernel = vector<double>;
using Fits = vector<vector<Array>>;  // of each layer, finest first

// Weighted sums in double precision, along rows if dx, along columns if not; beyond the border edge pixels
// are repeated, or the image is mirrored about them (02 par. 20)
Array correlate(const Array& from, const Kernel& kernel, bool dx, bool mirrored) {
  const long h = from.shape[0], w = from.shape[1], n = dx ? w : h, r = (long)kernel.size() / 2;
  vector<long> place(n + 2 * r);
  for (long i = 0; i < n + 2 * r; i++) {
    const long at = std::abs(i - r) % max(2 * n - 2, 1L);
    place[i] = mirrored ? min(at, 2 * n - 2 - at) : clamp(i - r, 0, n - 1);
  }
  return image(h, w, [&](long y, long x) {
    double sum = 0;
    for (long k = 0; k <= 2 * r; k++) sum += kernel[k] * (dx ? from(y, place[x + k]) : from(place[y + k], x));
    return (real)sum;
  });
}
Array both_ways(const Array& from, const Kernel& kernel, bool mirrored) {
  return correlate(correlate(from, kernel, false, mirrored), kernel, true, mirrored);
}
Kernel gaussian(long radius, double sigma) {
  Kernel out;
  for (long i = -radius; i <= radius; i++) out.push_back(std::exp(-(i * i) / (2 * sigma * sigma)));
  const double sum = std::accumulate(out.begin(), out.end(), 0.0);
  for (double& x : out) x /= sum;
  return out;
}

// bx, by, axx, ayy, axy of f = bx x + by y + axx x^2 + ayy y^2 + axy x y + c, least squares over 15 x 15 pixels,
// edge pixels repeated, weights exp(-(x^2 + y^2) / (2 fit_sigma^2)), kernels in double; A2 (02 par. 21)
vector<Array> expand(const Array& layer) {
  const Kernel w = gaussian(7, 1.5);
  double m2 = 0, m4 = 0;
  for (int i = -7; i <= 7; i++) m2 += w[i + 7] * i * i, m4 += w[i + 7] * i * i * i * i;
  const auto kernel = [&](int power, double norm) {
    Kernel out;
    for (int i = -7; i <= 7; i++) out.push_back(w[i + 7] * (power == 2 ? i * i - m2 : power ? i : 1) / norm);
    return out;
  };
  const auto fit = [&](int y, int x, double norm) {
    return correlate(correlate(layer, kernel(y, 1), false, false), kernel(x, norm), true, false);
  };
  const double norm = m4 - m2 * m2;
  return {fit(0, 1, m2), fit(1, 0, m2), fit(0, 2, norm), fit(2, 0, norm), fit(1, 1, m2 * m2)};
}

// the full frame before layer k is cut from it (02 par. 20)
Array blurred(const Array& frame, long k) {
  const double sigma = (scale_factor(k) - 1) / 2;
  const Kernel kernel = k ? gaussian(max(nearest_even(5 * sigma) | 1, 3L) / 2, sigma) : Kernel{0.25, 0.5, 0.25};
  return both_ways(frame, kernel, true);
}
Fits farneback_fits(const Array& frame, long n_scales) {
  Fits out;
  for (Shape to : layer_shapes(frame.shape, n_scales))
    out.push_back(expand(resize(blurred(frame, (long)out.size()), to)));
  return out;
}

double border(long i, long n) {  // 02 par. 22
  static const double weight[] = {0.14, 0.14, 0.4472, 0.4472, 0.4472, 1};
  return weight[min(i, 5L)] * weight[min(n - 1 - i, 5L)];
}

// axx^2 + axy^2, (axx + ayy) axy, ayy^2 + axy^2, axx hx + axy hy, axy hx + ayy hy; A2 (02 par. 22)
vector<Array> products_of(const vector<Array>& one, const vector<Array>& two, const Array& u, const Array& v) {
  const long h = u.shape[0], w = u.shape[1];
  Array xx(u.shape), xy = xx, yy = xx, xh = xx, yh = xx;
  for (long i = 0; i < h * w; i++) {
    const long y = i / w, x = i % w;
    const real px = x + u[i], py = y + v[i], weight = (real)(border(y, h) * border(x, w));
    const bool seen = px >= 0 && px < w - 1 && py >= 0 && py < h - 1;
    real f[5];  // of the second frame; where that is not seen, it is flat with the first one's curvature
    for (int k = 0; k < 5; k++) f[k] = seen ? read_at(two[k], px, py) : k < 2 ? 0 : one[k][i];
    const real axx = (one[2][i] + f[2]) / 2 * weight, ayy = (one[3][i] + f[3]) / 2 * weight;
    const real axy = (one[4][i] + f[4]) / 4 * weight;
    const real hx = (one[0][i] - f[0]) / 2 * weight + axx * u[i] + axy * v[i];
    const real hy = (one[1][i] - f[1]) / 2 * weight + axy * u[i] + ayy * v[i];
    xx[i] = axx * axx + axy * axy, xy[i] = (axx + ayy) * axy, yy[i] = ayy * ayy + axy * axy;
    xh[i] = axx * hx + axy * hy, yh[i] = axy * hx + ayy * hy;
  }
  return {xx, xy, yy, xh, yh};
}
// each smoothed by a Gaussian of window_radius and window_sigma, taps of sum 1, edge pixels repeated; A2 (02 par. 23)
vector<Array> windows_of(vector<Array> products) {
  for (Array& plane : products) plane = both_ways(plane, gaussian(5, 1.5), false);
  return products;
}
// ((yy xh - xy yh), (xx yh - xy xh)) / (xx yy - xy^2 + guard) (02 par. 23)
void update(const vector<Array>& sums, Array& u, Array& v) {
  const Array &xx = sums[0], &xy = sums[1], &yy = sums[2], &xh = sums[3], &yh = sums[4];
  for (long i = 0; i < u.size(); i++) {
    const real det = xx[i] * yy[i] - xy[i] * xy[i] + (real)1e-3;
    u[i] = (yy[i] * xh[i] - xy[i] * yh[i]) / det, v[i] = (xx[i] * yh[i] - xy[i] * xh[i]) / det;
  }
}

// dx right, dy down, in pixels of layer k; each component's 5 x 5 median, after the last round; A2 (02 par. 24)
vector<Array> farneback_flows(const Fits& first, const Fits& second) {
  vector<Array> out;
  Array u(first.back()[0].shape), v = u;
  for (size_t k = first.size(); k-- > 0;) {
    const Shape to = {first[k][0].shape[0], first[k][0].shape[1]};
    const auto finer = [&](const Array& part) {
      return map([](real x) { return x * (real)std::sqrt(2.0); }, resize(part, to));
    };
    if (k + 1 < first.size()) u = finer(u), v = finer(v);
    for (int round = 0; round < 2; round++) update(windows_of(products_of(first[k], second[k], u, v)), u, v);
    u = median(u, 5), v = median(v, 5);
    out.insert(out.begin(), joined(u, v));
  }
  return out;
}

KIND(farneback_fit) { c.put("fit_5HW", stacked(expand(c.get("image_HW")))); }
KIND(farneback_blur) {
  for (long k = 0; k < (long)c.number("n_scales"); k++)
    c.put("blurred_" + to_string(k) + "_HW", blurred(c.get("frame_HW"), k));
}
KIND(farneback_round) {
  const auto fit = [&](const char* name) {
    vector<Array> out;
    for (long k = 0; k < 5; k++) out.push_back(c.get(name).part(k));
    return out;
  };
  Array u = component(c.get("flow_HW2"), 0), v = component(c.get("flow_HW2"), 1);
  const vector<Array> products = products_of(fit("first_5HW"), fit("second_5HW"), u, v), sums = windows_of(products);
  update(sums, u, v);
  c.put("products_5HW", stacked(products)), c.put("sums_5HW", stacked(sums));
  c.put("next_HW2", joined(u, v)), c.put("median_HW2", joined(median(u, 5), median(v, 5)));
}
