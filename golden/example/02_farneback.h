// Stage 2, ../02_flow/README.md, par. 20 to 25: Farneback's flow, and the flow of either method.
Kernel gaussian(long radius, double sigma) {  // par. 20 to 23: of sum 1
  Kernel taps;
  for (long x = -radius; x <= radius; ++x) taps.push_back(std::exp(-x * x / (2 * sigma * sigma)));
  const double total = std::accumulate(taps.begin(), taps.end(), 0.0);
  for (double& tap : taps) tap /= total;
  return taps; }
Tensor blurred(In frame, long k) {  // par. 20: before layer k is cut from the frame
  const double sigma = (factor(k) - 1) / 2;
  const long taps = max(lrint(5 * sigma) | 1, 3L);
  const Kernel kernel = k == 0 ? Kernel{0.25, 0.5, 0.25} : gaussian(taps / 2, sigma);
  return filter(frame, kernel, kernel, mirrored); }
KIND(farneback_blur) {
  return numbered("blurred_", c.number("n_scales"), FN(k, blurred(c["frame"], k))); }
Tensor fit(In in) {  // par. 21, (9): bx, by, axx, ayy, axy around each pixel
  const Kernel k0 = gaussian(7, 1.5);
  Kernel k1, k2;
  double m2 = 0, m4 = 0;
  for (long x = -7; x <= 7; ++x) m2 += k0[x + 7] * x * x;
  for (long x = -7; x <= 7; ++x) m4 += k0[x + 7] * x * x * x * x;
  for (long x = -7; x <= 7; ++x) k1.push_back(k0[x + 7] * x / m2);
  for (long x = -7; x <= 7; ++x) k2.push_back(k0[x + 7] * (x * x - m2) / (m4 - m2 * m2));
  const auto along = FN2(y, x, filter(in, y, x, repeated));
  return stacked({along(k0, k1), along(k1, k0), along(k0, k2), along(k2, k0), along(k1, k1)}); }
KIND(farneback_fit) { return {{"fit", fit(c["image"])}}; }

Named farneback_round(In first, In second, In flow) {  // par. 22 and 23
  const long h = flow.rows(), w = flow.columns();
  const Tensor seen = at_targets(flow, FN2(x, y, x >= 0 && x < w - 1 && y >= 0 && y < h - 1));
  const auto one = FN(i, slice(first, i));
  const auto two = [&](long i) {
    const Tensor plane = slice(second, i);
    const Tensor read = at_targets(flow, FN2(x, y, bilinear(plane, x, y)));
    return seen * read + (1 - seen) * (i < 2 ? 0 : one(i)); };
  const auto edge = FN(i, i < 2 ? 0.14 : i < 5 ? 0.4472 : 1);
  const auto edges = FN2(i, n, edge(i) * edge(n - 1 - i));
  const Tensor weight = grid(h, w, FN2(y, x, edges(y, h) * edges(x, w))), u = last(flow, 0),
               v = last(flow, 1), axx = weight * (one(2) + two(2)) / 2,  // (10)
               ayy = weight * (one(3) + two(3)) / 2, axy = weight * (one(4) + two(4)) / 4,
               hx = weight * (one(0) - two(0)) / 2 + axx * u + axy * v,
               hy = weight * (one(1) - two(1)) / 2 + axy * u + ayy * v;
  vector<Tensor> planes = {axx * axx + axy * axy, (axx + ayy) * axy, ayy * ayy + axy * axy,  // (11)
                           axx * hx + axy * hy, axy * hx + ayy * hy};
  Named o = {{"products", stacked(planes)}};
  const Kernel window = gaussian(5, 1.5);
  for (Tensor& plane : planes) plane = filter(plane, window, window, repeated);
  o["sums"] = stacked(planes);
  o["next"] = solved(planes, 0.001);
  o["median"] = median(o["next"], 5);
  return o; }
KIND(farneback_round) { return farneback_round(c["first"], c["second"], c["flow"]); }

// Par. 10, 11 and 24: the flow of each layer that is returned, the finest first.
vector<Tensor> flow_of(const string& method, In first, In second, long n_scales) {
  const bool lucas_kanade = method != "farneback";
  const long shorter = min(first.rows(), first.columns()), wanted = layer_count(shorter, n_scales);
  const long n = lucas_kanade ? searched_count(shorter, n_scales) : wanted;
  const vector<Tensor> firsts = layers(first, n), seconds = layers(second, n);
  vector<Tensor> flows(n);
  for (long k = n - 1; k >= 0; --k) {
    const long rows = firsts[k].rows(), columns = firsts[k].columns();
    const auto cut = FN(in, resized(in, rows, columns));
    Tensor flow = zeros({rows, columns, 2});
    if (k < n - 1 && lucas_kanade) flow = enlarged(flows[k + 1], rows, columns);
    if (k < n - 1 && !lucas_kanade) flow = each_component(flows[k + 1], cut) * std::sqrt(2);
    const Tensor one = lucas_kanade ? normalized(firsts[k]) : fit(cut(blurred(first, k)));
    const Tensor two = lucas_kanade ? normalized(seconds[k]) : fit(cut(blurred(second, k)));
    for (long left = lucas_kanade && k == 0 ? 1 : 2; left > 0; --left) {
      Named made = (lucas_kanade ? lucas_kanade_round : farneback_round)(one, two, flow);
      flow = made[lucas_kanade ? "blended" : "next"];
      flows[k] = made["median"]; } }
  flows.resize(wanted);
  return flows; }
KIND(flow) {  // par. 25
  const auto all = flow_of(c.setting("method"), c["first"], c["second"], c.number("n_scales"));
  return numbered("flow_", all.size(), FN(k, all[k])); }
KIND(moments) {  // par. 25
  const bool farneback = c.setting("method") == "farneback";
  const Tensor frames = each(c["frames"], FN(x, farneback ? std::nearbyint(x) : x));
  const auto pair =
      FN(f, flow_of(c.setting("method"), slice(frames, f), slice(frames, f + 1), 8)[0]);
  return {{"grey", frames}, {"flow", stacked({pair(0), pair(1)})}}; }
