// Stage 4 of 10: what describes a track.
#pragma once
#include "03_trajectories.h"
const long PLANE[] = {0, 8, 17, 25, 33};  // HOG, HOF, MBHx, MBHy: where their planes begin

// gradient (I(x+1) - I(x-1), I(y+1) - I(y-1)), not halved, 0 along an axis in its outer pixels; A9 (04 par. 1, 2)
// the same of the flow itself; where it is at most 0.4 px long, 1 in the ninth bin; A9 (04 par. 3)
// as HOG, of dx in place of the image; as HOG, of dy; A9
struct Field { vector<long> bin; Array low, high; };  // of a pixel: a bin, its vote, the next bin's
Field votes(const Array& gx, const Array& gy, bool ninth) {
  Field out{vector<long>(gx.size()), gx, gx};
  for (long i = 0; i < gx.size(); i++) {
    const real length = std::hypot(gx[i], gy[i]), angle = std::atan2(gy[i], gx[i]);
    const real turn = (real)(4 / M_PI) * (angle < 0 ? angle + (real)(2 * M_PI) : angle);
    out.bin[i] = min((long)turn, 7L);
    out.high[i] = length * (turn - out.bin[i]), out.low[i] = length - out.high[i];
    if (ninth && length <= (real)0.4) out.bin[i] = 8, out.low[i] = 1, out.high[i] = 0;
  }
  return out;
}
vector<Field> fields_of(const Array& grey, const Array& flow) {
  const long h = grey.shape[0], w = grey.shape[1];
  const Array u = component(flow, 0), v = component(flow, 1);
  const auto of_slopes = [&](const Array& f) {
    const auto dx = [&](long y, long x) { return x > 0 && x < w - 1 ? f(y, x + 1) - f(y, x - 1) : 0; };
    const auto dy = [&](long y, long x) { return y > 0 && y < h - 1 ? f(y + 1, x) - f(y - 1, x) : 0; };
    return votes(image(h, w, dx), image(h, w, dy), false);
  };
  return {of_slopes(grey), votes(u, v, true), of_slopes(u), of_slopes(v)};
}

// top left pixel of the 32x32 patch, moved inside the image; A9 (04 par. 4)
long corner(real at, long side) { return clamp(nearest_even(at) - 16, 0, side - 32); }

// 33 planes of votes summed over four 16x16 cells; A9 A12 (04 par. 5): (33, 4) of one point
Array cell_sums(const vector<Field>& fields, const Array& point) {
  const long h = fields[0].low.shape[0], w = fields[0].low.shape[1];
  const long left = corner(point[0], w), top = corner(point[1], h);
  Array out({33, 4});
  for (long k = 0; k < 4; k++) for (long i = 0; i < 1024; i++) {
    const long y = i / 32, x = i % 32, cell = x / 16 * 2 + y / 16, at = (top + y) * w + left + x;
    const long bin = fields[k].bin[at];
    out(PLANE[k] + bin, cell) += fields[k].low[at];
    out(PLANE[k] + (bin + 1) % 8, cell) += fields[k].high[at];
  }
  return out;
}
Array points_last(const Array& sums) {  // (P, 33, 4) to (33, 4, P)
  const long n = sums.shape[0];
  Array out({33, 4, n});
  for (long i = 0; i < sums.size(); i++) out[i % 132 * n + i / 132] = sums[i];
  return out;
}

// 30 columns (dx, dy) of 15 moves over the sum of their lengths; A8 A10 A12 (04 par. 6 to 9); sums are (15, 33, 4)
// shape 30, HOG 96, HOF 108, MBHx 96, MBHy 96; A8 to A12
Array describe(const Array& moves, const Array& sums) {
  Array out({426});
  real path = 0;
  for (long s = 0; s < 15; s++) path += std::hypot(moves(s, 0), moves(s, 1));
  for (long i = 0; i < 30; i++) out[i] = moves[i] / path;
  for (long k = 0, at = 30; k < 4; at += 12 * (PLANE[k + 1] - PLANE[k]), k++) for (long s = 0; s < 15; s++) {
    const long bins = PLANE[k + 1] - PLANE[k];
    const auto value = [&](long i) { return sums(s, PLANE[k] + i % bins, i / bins) + (real)0.05; };
    real total = 0;
    for (long i = 0; i < 4 * bins; i++) total += value(i);
    for (long i = 0; i < 4 * bins; i++) out[at + s / 5 * 4 * bins + i] += std::sqrt(value(i) / total) / 5;
  }
  return out;
}

// last frame, from 0; mean x, y; deviation of x, y (n, not n - 1); length of the path; scale factor, not its index
// (04 par. 11)
vector<real> info_of(const Array& points, double factor, long end, double n_frames, const vector<long>& frame) {
  double mean[2] = {}, square[2] = {}, path = 0;
  for (long i = 0; i < 32; i++) mean[i % 2] += points[i] / 16.0;
  for (long i = 0; i < 32; i++) square[i % 2] += std::pow(points[i] - mean[i % 2], 2) / 16;
  for (long s = 1; s < 16; s++) path += std::hypot(points(s, 0) - points(s - 1, 0), points(s, 1) - points(s - 1, 1));
  const auto share = [](double x) { return min(max(x, 0.0), 0.999); };
  const double info[] = {(double)end, mean[0], mean[1], std::sqrt(square[0]), std::sqrt(square[1]), path, factor,
      share(mean[0] / frame[1]), share(mean[1] / frame[0]), share((end - 7.5) / n_frames)};
  return {info, info + 10};
}

// All valid tracks, by end, scale and start; step s of one that ends on frame e is made of the grey of
// frame e - 15 + s and of the flow from there (04 par. 10, 12 and 13)
struct Rows { Array info, descriptors; };
Rows describe_all(vector<Layer>& layers, double n_frames, const Case& trace) {
  const long n = (long)layers[0].greys.size();
  Rows out{Array({0, 10}), Array({0, 426})};
  for (Layer& layer : layers) for (long f = 0; f + 1 < n; f++) {
    const auto& flows = layer.own_flows.empty() ? layer.flows : layer.own_flows;
    vector<Field> fields;
    Array points({0, 2}), sums({0, 33, 4});
    for (Track& track : layer.done) {
      if (track.verdict || track.end <= f || track.end > f + 15) continue;
      if (fields.empty()) fields = fields_of(layer.greys[f], flows[f + 1]);
      points.push(track.points.part(f - track.end + 15).v);
      const Array own = cell_sums(fields, points.part(points.shape[0] - 1));
      sums.push(own.v), track.sums.push(own.v);
    }
    const Case shown = trace.of("04_descriptors", f, layer.scale);
    shown.put("points_P2", points), shown.put("sums_O4P", points_last(sums));
  }
  for (long end = 15; end < n; end++) {
    Rows own{Array({0, 10}), Array({0, 426})};
    for (const Layer& layer : layers) for (const Track& track : layer.done) {
      if (track.verdict || track.end != end) continue;
      const double factor = scale_factor(layer.scale);
      const Array points = in_frame_pixels(track, factor);
      Array moves({15, 2});
      for (long i = 0; i < 30; i++) moves[i] = track.own.size() ? track.own[i] : points[i + 2] - points[i];
      own.info.push(info_of(points, factor, end, n_frames, layers[0].greys[0].shape));
      own.descriptors.push(describe(moves, track.sums).v);
    }
    const Case shown = own.info.size() ? trace.of("04_descriptors", end, -1) : Case{};
    shown.put("info_P10", own.info), shown.put("descriptors_PD", own.descriptors);
    out.info.push(own.info.v), out.descriptors.push(own.descriptors.v);
  }
  return out;
}

KIND(votes) {
  const Array grey = c.get("grey_HW");
  const vector<Field> fields = fields_of(grey, c.get("flow_HW2"));
  const char* names[] = {"hog_OHW", "hof_OHW", "mbhx_OHW", "mbhy_OHW"};
  for (long k = 0, n = grey.size(); k < 4; k++) {
    Array out({PLANE[k + 1] - PLANE[k], grey.shape[0], grey.shape[1]});
    for (long i = 0; i < n; i++) {
      out[fields[k].bin[i] * n + i] += fields[k].low[i];
      out[(fields[k].bin[i] + 1) % 8 * n + i] += fields[k].high[i];
    }
    c.put(names[k], out);
  }
}
KIND(cells) {
  const Array grey = c.get("grey_HW"), points = c.get("points_P2");
  Ints corners(points.shape);
  Array sums({0, 33, 4});
  for (long i = 0; i < points.size(); i++) corners[i] = corner(points[i], grey.shape[1 - i % 2]);
  const vector<Field> fields = fields_of(grey, c.get("flow_HW2"));
  for (long p = 0; p < points.shape[0]; p++) sums.push(cell_sums(fields, points.part(p)).v);
  c.put("corners_P2", corners), c.put("sums_O4P", points_last(sums));
}
KIND(describe) {
  const Array moves = c.get("moves_PL2"), sums = c.get("sums_LO4P");
  Array out({0, 426}), own({15, 33, 4});
  for (long p = 0; p < moves.shape[0]; p++) {
    for (long i = 0; i < own.size(); i++) own[i] = sums[i * moves.shape[0] + p];
    out.push(describe(moves.part(p), own).v);
  }
  c.put("descriptors_PD", out);
}
KIND(info) {  // of points in pixels of the frame
  const Array tracks = c.get("tracks_PS2");
  const vector<long> frame = {(long)c.ints("shape_2")[0], (long)c.ints("shape_2")[1]};
  Array out({0, 10});
  for (long p = 0; p < tracks.shape[0]; p++)
    out.push(info_of(tracks.part(p), c.number("factor"), (long)c.number("frame"), c.number("n_frames"), frame));
  c.put("info_P10", out);
}
KIND(descriptors) {
  vector<Layer> layers = given_layers(c);
  const Rows rows = describe_all(layers, c.number("n_frames"), {});
  c.put("info_P10", rows.info), c.put("descriptors_PD", rows.descriptors);
}
