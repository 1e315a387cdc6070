// Stage 3 of 10: points that start, move and are judged.
#pragma once
#include "02_flow.h"

// Of a track: points (16, 2) in pixels of its layer, its own moves (15, 2) if the camera's motion is known,
// the cell sums of its steps (15, 33, 4), its last frame, its verdict (0: valid).
struct Track { Array points, own, sums; int64_t end, verdict; };
struct Layer {
  int64_t scale;
  vector<Array> greys, flows, own_flows;  // by frame; flow f leads from frame f - 1 to f
  vector<Track> done;                     // all that have 16 points, in the order of their ends
  Ints started;                           // rows of frame, scale, x, y
};

// 3x3 sums, the image mirrored about its edge pixels (03 par. 2)
template <class Weight> Array sum_3x3(const Array& from, Weight weight) {
  const long h = from.shape[0], w = from.shape[1];
  const auto inside = [](long i, long n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; };
  return image(h, w, [&](long y, long x) {
    real sum = 0;
    for (long j = -1; j <= 1; j++) for (long i = -1; i <= 1; i++)
      sum += weight(j, i) * from(inside(y + j, h), inside(x + i, w));
    return sum;
  });
}

// (a+c)/2 - sqrt(((a-c)/2)^2 + b^2), 3x3 sums of Sobel; A4 (03 par. 2)
Array corner_strength(const Array& grey) {
  const Array dx = sum_3x3(grey, [](long j, long i) { return i * (2 - j * j); });
  const Array dy = sum_3x3(grey, [](long j, long i) { return j * (2 - i * i); });
  const auto one = [](long, long) { return 1; };
  const auto sums = [&](const Array& p, const Array& q) { return sum_3x3(map(times, p, q), one); };
  const auto smaller = [](real a, real b, real c) {
    return (a + c) / 2 - std::sqrt((a - c) / 2 * ((a - c) / 2) + b * b);
  };
  return map(smaller, sums(dx, dx), sums(dx, dy), sums(dy, dy));
}

// 0.001 max(strength); A4 (03 par. 3). 1: a live point is in this 5x5 cell; A4 (03 par. 4)
// (x, y) = (5 j + 2, 5 i + 2) of each whole 5x5 cell that is not occupied and whose strength there is above the
// threshold, row by row; A4 (03 par. 3). Returned: the points
Array sample(const Array& grey, const Array& live, const Case& shown) {
  const long rows = grey.shape[0] / 5, columns = grey.shape[1] / 5;
  Array points({0, 2}), strength = corner_strength(grey);
  Ints occupied({rows, columns});
  for (long p = 0; p < live.shape[0]; p++) {
    const long x = (long)std::floor(live(p, 0)) / 5, y = (long)std::floor(live(p, 1)) / 5;
    if (x < columns && y < rows) occupied(y, x) = 1;
  }
  const real threshold = (real)0.001 * *std::max_element(strength.v.begin(), strength.v.end());
  for (long y = 2; y < 5 * rows; y += 5) for (long x = 2; x < 5 * columns; x += 5)
    if (strength(y, x) > threshold && !occupied(y / 5, x / 5)) points.push({(real)x, (real)y});
  shown.put("strength_HW", strength), shown.put("threshold", one(threshold)), shown.put("occupied_hw", occupied);
  return points;
}

// flow at the rounded position, halves to even, clamped; A5 (03 par. 5)
Array moves_at(const Array& flow, const Array& points) {
  Array out({0, 2});
  for (long p = 0; p < points.shape[0]; p++) {
    const long x = clamp(nearest_even(points(p, 0)), 0, flow.shape[1] - 1);
    const long y = clamp(nearest_even(points(p, 1)), 0, flow.shape[0] - 1);
    out.push({flow(y, x, 0), flow(y, x, 1)});
  }
  return out;
}

// point + move, rounded to float32; A5 (03 par. 6). 1: 0 < x < W and 0 < y < H; A5 (03 par. 7)
struct Moved { Array points; Ints stays; };
Moved advance(const Array& flow, const Array& points) {
  Moved out{map([](real a, real b) { return single(a + b); }, points, moves_at(flow, points)), {}};
  for (long p = 0; p < points.shape[0]; p++) {
    const real x = out.points(p, 0), y = out.points(p, 1);
    out.stays.push({x > 0 && x < flow.shape[1] && y > 0 && y < flow.shape[0]});
  }
  return out;
}

// the first that holds: 1 static, both deviations (n, not n - 1) below sqrt(3); 2 erratic, one above 50; 3 jump;
// 4 camera, no own move above 1; else 0 valid; A7 H6 (03 par. 10 and 11). In pixels of the frame
int64_t judge(const Array& points, const Array& own) {
  real mean[2] = {}, squares[2] = {}, longest = 0, path = 0, liveliest = 0;
  for (long i = 0; i < 32; i++) mean[i % 2] += points[i] / 16;
  for (long i = 0; i < 32; i++) squares[i % 2] += (points[i] - mean[i % 2]) * (points[i] - mean[i % 2]);
  const real x_spread = std::sqrt(squares[0] / 16), y_spread = std::sqrt(squares[1] / 16);
  for (long s = 0; s < 15; s++) {
    const real step = std::hypot(points(s + 1, 0) - points(s, 0), points(s + 1, 1) - points(s, 1));
    longest = max(longest, step), path += step;
    if (own.size()) liveliest = max(liveliest, std::hypot(own(s, 0), own(s, 1)));
  }
  if (max(x_spread, y_spread) < (real)std::sqrt(3.0)) return 1;
  if (max(x_spread, y_spread) > 50) return 2;
  if (longest > 20 && longest > (real)0.7 * path) return 3;
  return own.size() && liveliest <= 1 ? 4 : 0;
}

// 0 valid, 1 static, 2 erratic, 3 jump, of points times the scale factor, rounded to single precision; A5 (03 par. 9)
Array in_frame_pixels(const Track& track, double factor) {
  return map([&](real x) { return single(x * (real)factor); }, track.points);
}

// On each frame: move, let go, judge what has 16 points, then start new points (03 par. 8)
void follow(Layer& layer, const Case& trace) {
  vector<Track> live;
  const bool camera = !layer.own_flows.empty();
  const double factor = scale_factor(layer.scale);
  const auto positions = [&] {
    Array now({0, 2});
    for (const Track& track : live) now.push({track.points.v.end() - 2, track.points.v.end()});
    return now;
  };
  for (long f = 0; f < (long)layer.greys.size(); f++) {
    const Case shown = trace.of("03_trajectories", f, layer.scale);
    if (f) {
      const Array now = positions(), own = camera ? moves_at(layer.own_flows[f], now) : now;
      const Moved moved = advance(layer.flows[f], now);
      Array complete({0, 16, 2});
      Ints verdicts;
      vector<Track> kept;
      for (long p = 0; p < (long)live.size(); p++) {
        Track& track = live[p];
        if (!moved.stays[p]) continue;
        track.points.push(moved.points.part(p).v);
        if (camera) track.own.push(own.part(p).v);
        if (track.points.shape[0] < 16) { kept.push_back(track); continue; }
        for (real& x : track.own.v) x *= (real)factor;  // par. 11: not rounded
        track.end = f, track.verdict = judge(in_frame_pixels(track, factor), track.own);
        complete.push(track.points.v), verdicts.push({track.verdict}), layer.done.push_back(track);
      }
      live = kept;
      shown.put("moved_P2", moved.points), shown.put("stays_P", moved.stays), shown.put("verdicts_p", verdicts);
      shown.put("complete_pS2", complete), shown.put("own_moves_pL2", Array({complete.shape[0], 0, 2}));
    }
    const Array points = sample(layer.greys[f], positions(), shown);
    shown.put("points_P2", points);
    for (long p = 0; p < points.shape[0]; p++) {
      live.push_back({Array({0, 2}), Array({0, 2}), Array({0, 33, 4}), 0, 0});
      live.back().points.push(points.part(p).v);
      layer.started.push({f, layer.scale, (int64_t)points(p, 0), (int64_t)points(p, 1)});
    }
  }
}

// grey_at_F: which picture a frame shows; flow_at_F: which flow leads to it (03 par. 12)
vector<Layer> given_layers(const Case& c) {
  const Ints grey_at = c.ints("grey_at_F"), flow_at = c.ints("flow_at_F");
  vector<Layer> out;
  for (long k = 0; c.has("grey_" + to_string(k) + "_4HW"); k++) {
    out.push_back({k, {}, {}, {}, {}, Ints({0, 4})});
    for (long f = 0; f < grey_at.size(); f++) {
      const auto flow = [&](const string& name) { return f ? c.get(name).part(flow_at[f]) : Array(); };
      out[k].greys.push_back(c.get("grey_" + to_string(k) + "_4HW").part(grey_at[f]));
      out[k].flows.push_back(flow("flow_" + to_string(k) + "_3HW2"));
      if (c.has("own_flow_0_3HW2")) out[k].own_flows.push_back(flow("own_flow_0_3HW2"));
    }
    follow(out[k], {});
  }
  return out;
}
KIND(sample) { c.put("points_p2", sample(c.get("grey_HW"), c.get("live_P2"), c)); }
KIND(move) {
  const Moved moved = advance(c.get("flow_HW2"), c.get("points_P2"));
  c.put("moves_P2", moves_at(c.get("flow_HW2"), c.get("points_P2")));
  c.put("moved_P2", moved.points), c.put("stays_P", moved.stays);
}
KIND(judge) {
  const Array tracks = c.get("tracks_PS2"), own = c.has("own_moves_PL2") ? c.get("own_moves_PL2") : Array();
  Ints verdicts;
  for (long p = 0; p < tracks.shape[0]; p++) verdicts.push({judge(tracks.part(p), own.size() ? own.part(p) : own)});
  c.put("verdicts_P", verdicts);
}
// frame, scale, x, y of each track that starts, in order; A4. the frame of the last point; A6
// the 16 points of each track that ends, pixels of its layer, each rounded to single precision; A5 A6.
// the scale of the track; A3
void put_tracks(const Case& c, const vector<Layer>& layers) {
  Ints started({0, 4}), verdicts, ends, scales;
  Array tracks({0, 16, 2});
  for (long f = 0; f < (long)layers[0].greys.size(); f++)
    for (const Layer& layer : layers) {
      for (long p = 0; p < layer.started.shape[0]; p++)
        if (layer.started(p, 0) == f) started.push(layer.started.part(p).v);
      for (const Track& track : layer.done) if (track.end == f) {
        tracks.push(track.points.v), verdicts.push({track.verdict}), ends.push({f}), scales.push({layer.scale});
      }
    }
  c.put("started_p4", started), c.put("tracks_PS2", tracks), c.put("verdicts_P", verdicts);
  c.put("end_frames_P", ends), c.put("scales_P", scales);
}
KIND(tracks) { put_tracks(c, given_layers(c)); }
