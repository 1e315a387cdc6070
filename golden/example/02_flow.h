// Stage 2 of 10, the default flow: dense Lucas-Kanade.
#pragma once
#include "02_farneback.h"
struct Prepared { vector<Array> layers; Fits fits; size_t n_wanted; };

// less the 7x7 mean, over sqrt(9 + 7x7 mean square); FL4 (02 par. 9)
Array normalise(const Array& grey) {
  const Array count = box_sums(map([](real) { return 1; }, grey), 7), sums = box_sums(grey, 7);
  const Array less = map([](real g, real sum, real n) { return g - sum / n; }, grey, sums, count);
  const Array squares = box_sums(map(times, less, less), 7);
  return map([](real x, real sum, real n) { return x / std::sqrt(sum / n + 9); }, less, squares, count);
}

// layers whose flow is returned: those of `sizes`, n_scales at most (02 par. 10); FL3
// layers that are searched: the greater of wanted and 1 + trunc(2 log2(max(1, shorter side / coarsest)))
long n_searched(const vector<long>& frame, long n_scales) {
  const long n_wanted = (long)layer_shapes(frame, n_scales).size();
  return max(n_wanted, 1 + (long)(2 * std::log2(max(1.0, min(frame[0], frame[1]) / 20.0))));
}
Prepared prepare(const vector<Array>& greys, long n_scales, bool farneback) {
  const vector<long>& frame = greys[0].shape;
  const size_t n_wanted = layer_shapes(frame, n_scales).size(), n = n_searched(frame, n_scales);
  if (farneback) return {{}, farneback_fits(greys[0], n_scales), n_wanted};
  vector<Array> layers(greys.begin(), greys.begin() + min(n, greys.size()));
  while (layers.size() < n) layers.push_back(resize(layers.back(), smaller(frame, (long)layers.size())));
  for (Array& layer : layers) layer = normalise(layer);
  return {layers, {}, n_wanted};
}

// pixel i of n takes the flow of pixel trunc((i + 1/2) / (n / N)) of N, in double, the quotient n / N rounded
// first; FL10 (02 par. 12)
Array enlarge(const Array& flow, const vector<long>& to, int axis) {
  const double scale[] = {(double)to[0] / flow.shape[0], (double)to[1] / flow.shape[1]};
  return image(to[0], to[1], [&](long y, long x) {
    return flow((long)((y + 0.5) / scale[0]), (long)((x + 0.5) / scale[1])) * (real)scale[axis];
  });
}

// Over cells of 2 x 2 pixels, with the weak equations of each (FL7); over windows of 5 x 5 cells (FL1)
Array sum_windows(const Array& from, const Array& weak) {  // 02 par. 15 and 16
  Array cells = weak;
  for (long y = 0; y < from.shape[0]; y++) for (long x = 0; x < from.shape[1]; x++) cells(y / 2, x / 2) += from(y, x);
  return window_sums(cells, 5);
}

// One round: a better flow (u, v) from the last one (02 par. 13 to 18)
// second at (x + u0, y + v0), bilinear, positions clamped. w = seen / (1 + (r / robust)^2), r = warped - first; FL5
// (1, -8, 0, 8, -1) / 12 along x of (first + warped) / 2, 0 in the outer two columns; FL11
// sum w gx gx + sum h: window; sum w gx gy; sum w gy gy + sum h; FL1 FL7
// sum w gx t + sum h u0, t = gx u0 + gy v0 - r; sum w gy t + sum h v0; FL7 FL12
// sum w (t^2 - lost) + sum h (u0^2 + v0^2); (yy xt - xy yt) / (xx yy - xy^2); (xx yt - xy xt) / (xx yy - xy^2)
// max(0, (cost - u xt - v yt) / window^2 + lost): FL6; (1 + m / misfit)^-4, m the misfit of the window; FL8
// sum trust (u, v) / sum trust over the windows that hold the pixel's cell; FL1 FL2
struct Round { Array warped, gx, gy, weight, xx, xy, yy, xt, yt, cost, u, v, misfit, trust; Ints seen; };
Round refine(const Array& first, const Array& second, Array& u, Array& v) {
  const long h = first.shape[0], w = first.shape[1];
  Round out;
  out.warped = image(h, w, [&](long y, long x) { return read_at(second, x + u(y, x), y + v(y, x)); });
  const Array r = map(minus, out.warped, first);
  const Array mean = map([](real a, real b) { return (a + b) / 2; }, first, out.warped);
  const Array &gx = out.gx = slope(mean, 1, 0), &gy = out.gy = slope(mean, 0, 1);  // FL11 (par. 13)
  out.seen = Ints({h, w});
  for (long y = 0; y < h; y++) for (long x = 0; x < w; x++) {
    const real px = x + u(y, x), py = y + v(y, x);
    out.seen(y, x) = px >= 0 && px <= w - 1 && py >= 0 && py <= h - 1;
  }
  out.weight = image(h, w, [&](long y, long x) { return out.seen(y, x) / (1 + r(y, x) * r(y, x)); });  // par. 14
  const auto given = [](real x, real y, real u0, real v0, real d) { return x * u0 + y * v0 - d; };
  const Array t = map(given, gx, gy, u, v, r);  // FL12 (par. 13)
  const auto over_cells = [&](auto f) {         // FL7 (par. 15): of the first pixel of each cell
    const auto weak = [&](long y, long x) { return (real)0.004 * f(u(2 * y, 2 * x), v(2 * y, 2 * x)); };
    return image((h + 1) / 2, (w + 1) / 2, weak);
  };
  const auto sums = [&](const Array& a, const Array& b, auto weak) {
    return sum_windows(map([](real g, real x, real y) { return g * x * y; }, out.weight, a, b), over_cells(weak));
  };
  const auto one = [](real, real) { return (real)1; };
  out.xx = sums(gx, gx, one), out.yy = sums(gy, gy, one), out.xy = sums(gx, gy, [](real, real) { return (real)0; });
  out.xt = sums(gx, t, [](real a, real) { return a; }), out.yt = sums(gy, t, [](real, real b) { return b; });
  const auto cost = [](real g, real x) { return g * (x * x - (real)0.1); };  // FL6 (par. 17)
  out.cost = sum_windows(map(cost, out.weight, t), over_cells([](real a, real b) { return a * a + b * b; }));
  const auto det = map([](real a, real b, real d) { return a * d - b * b; }, out.xx, out.xy, out.yy);
  const auto solve = [](real a, real b, real s, real t, real d) { return (a * s - b * t) / d; };
  out.u = map(solve, out.yy, out.xy, out.xt, out.yt, det);  // par. 16
  out.v = map(solve, out.xx, out.xy, out.yt, out.xt, det);
  const auto misfit = [](real all, real a, real s, real b, real t) {  // par. 17
    return max((all - a * s - b * t) / 100 + (real)0.1, (real)0);
  };
  out.misfit = map(misfit, out.cost, out.u, out.xt, out.v, out.yt);
  out.trust = map([](real m) { return (real)std::pow((real)0.1 / (m + (real)0.1), 4); }, out.misfit);
  const Array all = window_sums(out.trust, 5);  // FL8 (par. 18): a cell's mean, for its pixels
  const auto blend = [&](const Array& part) {
    const Array top = window_sums(map(times, out.trust, part), 5);
    return image(h, w, [&](long y, long x) { return top(y / 2 + 4, x / 2 + 4) / all(y / 2 + 4, x / 2 + 4); });
  };
  u = blend(out.u), v = blend(out.v);
  return out;
}

// dx right, dy down, in pixels of layer k, median filtered; each component's 3 x 3 median, edge pixels repeated:
// only after the last round; A2 FL2 FL9 (02 par. 11)
vector<Array> layer_flows(const Prepared& first, const Prepared& second) {
  if (!first.fits.empty()) return farneback_flows(first.fits, second.fits);
  vector<Array> out;
  Array u(first.layers.back().shape), v = u;
  for (size_t k = first.layers.size(); k-- > 0;) {
    const Array &one = first.layers[k], &two = second.layers[k];
    u = enlarge(u, one.shape, 1), v = enlarge(v, one.shape, 0);
    for (int round = 0; round < (k ? 2 : 1); round++) refine(one, two, u, v);
    u = median(u, 3), v = median(v, 3);
    if (k < first.n_wanted) out.insert(out.begin(), joined(u, v));
  }
  return out;
}

KIND(enlarge) {
  const Array flow = c.get("flow_hw2");
  const vector<long> to = {(long)c.ints("shape_2")[0], (long)c.ints("shape_2")[1]};
  c.put("flow_HW2", joined(enlarge(component(flow, 0), to, 1), enlarge(component(flow, 1), to, 0)));
}
KIND(searched) {
  const Ints shapes = c.ints("shapes_M2");
  const long n_scales = (long)c.number("n_scales");
  Ints counts, wanted, layers({0, 2});
  for (long m = 0; m < shapes.shape[0]; m++) {
    const vector<long> frame = {(long)shapes(m, 0), (long)shapes(m, 1)};
    counts.push({n_searched(frame, n_scales)}), wanted.push({(long)layer_shapes(frame, n_scales).size()});
    for (long k = 0; k < counts[m]; k++) layers.push({smaller(frame, k)[0], smaller(frame, k)[1]});
  }
  c.put("counts_M", counts), c.put("wanted_M", wanted), c.put("layers_R2", layers);
}
KIND(lk_round) {
  Array u = component(c.get("flow_HW2"), 0), v = component(c.get("flow_HW2"), 1);
  const Round round = refine(c.get("first_HW"), c.get("second_HW"), u, v);
  c.put("warped_HW", round.warped), c.put("seen_HW", round.seen), c.put("weights_HW", round.weight);
  c.put("gx_HW", round.gx), c.put("gy_HW", round.gy), c.put("xx_hw", round.xx), c.put("xy_hw", round.xy);
  c.put("yy_hw", round.yy), c.put("xt_hw", round.xt), c.put("yt_hw", round.yt), c.put("cost_hw", round.cost);
  c.put("u_hw", round.u), c.put("v_hw", round.v), c.put("misfit_hw", round.misfit), c.put("trust_hw", round.trust);
  c.put("blended_HW2", joined(u, v)), c.put("median_HW2", joined(median(u, 3), median(v, 3)));
}
KIND(normalise) { c.put("texture_HW", normalise(c.get("image_HW"))); }
KIND(flow) {
  const auto ready = [&](const char* name) {
    return prepare({c.get(name)}, (long)c.number("n_scales"), c.word("method") == "farneback");
  };
  const auto flows = layer_flows(ready("first_HW"), ready("second_HW"));
  for (size_t k = 0; k < flows.size(); k++) c.put("flow_" + to_string(k) + "_HW2", flows[k]);
}
// the frames, for farneback in whole numbers, halves to even, before anything else; A2 (02 par. 25)
// from frame 0 to 1, and from 1 to 2; A2
KIND(moments) {
  const bool farneback = c.word("method") == "farneback";
  Array frames = c.get("frames_3HW"), flows({0, frames.shape[1], frames.shape[2], 2});
  if (farneback) frames = map([](real x) { return (real)nearest_even(x); }, frames);
  const auto ready = [&](long f) { return prepare({frames.part(f)}, 1, farneback); };
  for (long f = 0; f < 2; f++) flows.push(layer_flows(ready(f), ready(f + 1))[0].v);
  c.put("grey_3HW", frames), c.put("flow_2HW2", flows);
}
