// Stage 4, ../04_descriptors/README.md: what describes a track.
struct Block { string name; long plane, bins, column; };  // par. 2 and 9: where each begins
const Block BLOCKS[] = {
    {"hog", 0, 8, 30}, {"hof", 8, 9, 126}, {"mbhx", 17, 8, 234}, {"mbhy", 25, 8, 330}};
Tensor votes(In gx, In gy) {  // par. 2, (1): the two nearest bins share
  const Tensor f = each(gy, gx, FN2(y, x, std::atan2(y, x) * 4 / std::acos(-1)));
  const auto share = FN2(at, bin, max(0.0, 1 - std::abs(4 - std::abs(std::abs(at - bin) - 4))));
  return table(8, gx.shape, FN(bin, length(gx, gy) * each(f, bin, share))); }
Named vote_planes(In grey, In flow) {  // par. 1 to 3
  const Tensor dx = last(flow, 0), dy = last(flow, 1);
  const auto slope_votes = FN(t, votes(slopes_x(t, {-1, 0, 1}), slopes_y(t, {-1, 0, 1})));
  Named o = {{"hog", slope_votes(grey)}, {"mbhx", slope_votes(dx)}, {"mbhy", slope_votes(dy)}};
  const Tensor still = each(length(dx, dy), FN(m, m <= 0.4));
  o["hof"] = votes(dx, dy) * (1 - still);
  o["hof"].append(still);
  return o; }
KIND(votes) { return vote_planes(c["grey"], c["flow"]); }
Named cell_sums(In grey, In flow, In points) {  // par. 4, (2), and 5
  const long h = grey.rows(), w = grey.columns(), n = points.rows();
  const auto corner = FN2(p, c, std::clamp(lrint(points(p, c)) - 16, 0L, (c == 0 ? w : h) - 32));
  Named planes = vote_planes(grey, flow), o = {{"points", points}, {"sums", zeros({0, 4, n})}};
  for (const Block& block : BLOCKS)
    for (long bin : range(block.bins)) {
      const Tensor all = sums(slice(planes[block.name], bin), 16, h - 15, w - 15, 1, 0);
      const auto cell = FN2(i, p, all(corner(p, 1) + 16 * (i % 2), corner(p, 0) + 16 * (i / 2)));
      o["sums"].append(grid(4, n, cell)); }
  o["corners"] = grid(n, 2, corner);
  return o; }
KIND(cells) { return cell_sums(c["grey"], c["flow"], c["points"]); }
Tensor describe(In moves, In sums) {  // par. 6 to 9, (3): sums of 15 steps, 33 planes and 4 cells
  Tensor out = row((moves / sum(lengths(moves))).v);
  out.append(zeros({396}));
  for (const Block& block : BLOCKS)
    for (long step : range(15)) {
      const auto cell_bin = FN2(cell, bin, sums(step, block.plane + bin, cell) + 0.05);
      const Tensor cells = grid(4, block.bins, cell_bin), v = root(cells / sum(cells)) / 5;
      const long column = block.column + step / 5 * v.v.size();
      for (long i : range(v.v.size())) out.v[column + i] += v.v[i]; }
  return out; }
KIND(describe) {  // par. 6 to 9
  const auto row = FN(p, describe(slice(c["moves"], p), last(c["sums"], p)));
  return {{"descriptors", table(c["moves"].rows(), {426}, row)}}; }
Tensor information(In points, double end, double n_frames, double s, In shape) {  // par. 11
  const Tensor m = means(points), deviation = deviations(points);
  const auto clipped = FN(x, std::clamp(x, 0.0, 0.999));
  return row({end, m(0), m(1), deviation(0), deviation(1), sum(lengths(steps(points))), s,
              clipped(m(0) / shape(1)), clipped(m(1) / shape(0)),
              clipped((end - 7.5) / n_frames)}); }
KIND(info) {  // par. 11
  const double end = c.number("frame"), n_frames = c.number("n_frames"), s = c.number("factor");
  const auto row = FN(p, information(slice(c["tracks"], p), end, n_frames, s, c["shape"]));
  return {{"info", table(c["tracks"].rows(), {10}, row)}}; }

// Par. 10, 12 and 13: a row for each valid track.
Named describe(const Video& video, Named tracks, long n_frames, const Visit& visit = NO_VISIT) {
  const auto& flow = video.own_flow.empty() ? video.flow : video.own_flow;
  In end = tracks["end_frames"], layer = tracks["scales"], verdict = tracks["verdicts"];
  vector<Tensor> sums(end.rows(), zeros({0, 33, 4}));
  for (long f : range(video.grey.size() - 1))
    for (long k : range(video.grey[f].size())) {
      vector<long> here;
      const auto step = FN(i, f - (end(i) - 15));
      for (long i : range(end.rows()))
        if (!verdict(i) && layer(i) == k && step(i) >= 0 && step(i) < 15) here.push_back(i);
      const auto point = FN(i, slice(slice(tracks["tracks"], here[i]), step(here[i])));
      Named made = cell_sums(video.grey[f][k], flow[f + 1][k], table(here.size(), {2}, point));
      visit(f, k, made);
      for (long i : range(here.size())) sums[here[i]].append(last(made["sums"], i)); }
  Named o = {{"info", zeros({0, 10})}, {"descriptors", zeros({0, 426})}};
  const Tensor shape = row({video.grey[0][0].shape.begin(), video.grey[0][0].shape.end()});
  for (long i : range(end.rows())) {
    if (verdict(i)) continue;
    const Tensor points = scaled(slice(tracks["tracks"], i), factor(layer(i)));
    const Tensor moves = video.own_flow.empty() ? steps(points) : slice(tracks["own_moves"], i);
    o["descriptors"].append(describe(moves, sums[i]));
    o["info"].append(information(points, end(i), n_frames, factor(layer(i)), shape)); }
  return o; }
KIND(descriptors) {  // par. 14
  const Video video = video_of(c);
  return describe(video, follow(video), c.number("n_frames")); }
