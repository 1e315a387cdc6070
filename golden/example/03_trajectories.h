// Stage 3, ../03_trajectories/README.md: points that start, move and are judged.
struct Video { vector<vector<Tensor>> grey, flow, own_flow; };  // [frame][layer]; flow leads there
using Visit = std::function<void(long f, long k, Named& made)>;  // may change what is made
const Visit NO_VISIT = [](long, long, Named&) {};
Tensor strength(In in) {  // par. 2, (1) and (2)
  const auto sum = FN(t, filter(t, {1, 1, 1}, {1, 1, 1}, mirrored));
  const Tensor dx = filter(in, {1, 2, 1}, {-1, 0, 1}, mirrored);
  const Tensor dy = filter(in, {-1, 0, 1}, {1, 2, 1}, mirrored);
  const Tensor a = sum(dx * dx), b = sum(dx * dy), c = sum(dy * dy), half = (a - c) / 2;
  return (a + c) / 2 - root(half * half + b * b); }
Named starts(In grey, In live) {  // par. 3 and 4
  const Tensor s = strength(grey), threshold = 0.001 * Tensor(largest(s));
  Tensor occupied = zeros({grey.rows() / 5, grey.columns() / 5}), points = zeros({0, 2});
  for (long p : range(live.rows())) {
    const long i = long(live(p, 1)) / 5, j = long(live(p, 0)) / 5;
    if (i < occupied.rows() && j < occupied.columns()) occupied(i, j) = 1; }
  for (long i : range(occupied.rows()))
    for (long j : range(occupied.columns()))
      if (!occupied(i, j) && s(5 * i + 2, 5 * j + 2) > threshold())
        points.append(row({5.0 * j + 2, 5.0 * i + 2}));
  return {{"strength", s}, {"threshold", threshold}, {"occupied", occupied}, {"points", points}}; }
KIND(sample) { return starts(c["grey"], c["live"]); }
Tensor moves_at(In flow, In points) {  // par. 5
  const auto nearest = FN2(p, n, repeated(lrint(p), n));
  return grid(points.rows(), 2, [&](long p, long c) {
    return flow(nearest(points(p, 1), flow.rows()), nearest(points(p, 0), flow.columns()), c); }); }
Named moved(In flow, In points) {  // par. 6, (3), and 7
  const Tensor moves = moves_at(flow, points), to = each(points + moves, single);
  const auto in = FN2(p, axis, 0 < to(p, axis) && to(p, axis) < flow.shape[1 - axis]);
  const Tensor stays = table(to.rows(), {}, FN(p, in(p, 0) && in(p, 1)));
  return {{"moves", moves}, {"moved", to}, {"stays", stays}}; }
KIND(move) { return moved(c["flow"], c["points"]); }
Tensor scaled(In points, double s) { return each(points * s, single); }  // par. 9
Tensor steps(In t) { return grid(t.rows() - 1, 2, FN2(i, c, t(i + 1, c) - t(i, c))); }  // par. 10
Tensor length(In x, In y) { return root(x * x + y * y); }  // par. 10
Tensor lengths(In moves) { return length(last(moves, 0), last(moves, 1)); }  // par. 10
long judge(In points, In own_moves) {  // par. 10, (4), and 11
  const Tensor deviation = deviations(points), d = lengths(steps(points));
  if (deviation(0) < std::sqrt(3) && deviation(1) < std::sqrt(3)) return 1;
  if (deviation(0) > 50 || deviation(1) > 50) return 2;
  if (largest(d) > 20 && largest(d) > 0.7 * sum(d)) return 3;
  return own_moves.rows() > 0 && largest(lengths(own_moves)) <= 1 ? 4 : 0; }
KIND(judge) {  // par. 10 and 11
  const auto own = FN(p, c.has("own_moves") ? slice(c["own_moves"], p) : zeros({0, 2}));
  const auto verdict = FN(p, judge(slice(c["tracks"], p), own(p)));
  return {{"verdicts", table(c["tracks"].rows(), {}, verdict)}}; }

Named follow(const Video& video, const Visit& visit = NO_VISIT) {  // par. 8
  Named o = {{"started", zeros({0, 4})}, {"complete", zeros({0, 16, 2})}};
  o["own_moves"] = zeros({0, 15, 2});
  o["verdicts"] = o["end_frames"] = o["scales"] = zeros({0});
  const auto heads = FN(t, table(t.size(), {2}, FN(i, slice(t[i], t[i].rows() - 1))));
  vector<vector<Tensor>> live(video.grey[0].size());
  for (long f : range(video.grey.size()))
    for (long k : range(live.size())) {
      Named made = moved(video.flow[f][k], heads(live[k]));
      visit(f, k, made);
      vector<Tensor> left, ended;
      for (long i : range(live[k].size())) {
        live[k][i].append(slice(made["moved"], i));
        if (made["stays"](i)) (live[k][i].rows() == 16 ? ended : left).push_back(live[k][i]); }
      made = starts(video.grey[f][k], heads(left));
      const long n = ended.size(), n_own = video.own_flow.empty() ? 0 : 15;  // par. 11
      const auto own = FN2(i, s, moves_at(video.own_flow[f - 14 + s][k], picked(ended[i], {s})));
      const auto own_moves = FN(i, table(n_own, {2}, FN(s, own(i, s) * factor(k))));
      made["complete"] = table(n, {16, 2}, FN(i, ended[i]));
      made["own_moves"] = table(n, {n_own, 2}, own_moves);
      made["verdicts"] = table(n, {}, FN(i, judge(scaled(ended[i], factor(k)), own_moves(i))));
      visit(f, k, made);
      In points = made["points"];
      const auto started = FN(p, row({1.0 * f, 1.0 * k, points(p, 0), points(p, 1)}));
      made["started"] = table(points.rows(), {4}, started);
      made["end_frames"] = 0 * made["verdicts"] + f;
      made["scales"] = 0 * made["verdicts"] + k;
      for (auto& [name, t] : o) t.append(made[name]);
      for (long p : range(points.rows())) left.push_back(picked(points, {p}));
      live[k] = left; }
  o["tracks"] = o["complete"];
  return o; }
Video video_of(const Case& c) {  // par. 12
  const auto pictures = [&](const string& name, In at) {
    vector<vector<Tensor>> out(c.has(name + "0") ? at.rows() : 0);
    for (long f : range(out.size()))
      for (long k = 0; c.has(name + to_string(k)); ++k)
        out[f].push_back(slice(c[name + to_string(k)], max(at(f), 0.0)));
    return out; };
  return {pictures("grey_", c["grey_at"]), pictures("flow_", c["flow_at"]),
          pictures("own_flow_", c["flow_at"])}; }
KIND(tracks) { return follow(video_of(c)); }
