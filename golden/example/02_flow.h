// Stage 2, ../02_flow/README.md, par. 2 to 19: the layers of a frame, dense Lucas-Kanade flow.
const double ROOT_2 = single(std::sqrt(2));  // all of par. 2 is in single precision
double factor(long k) { return k == 0 ? 1 : single(factor(k - 1) * ROOT_2); }  // par. 2: s_k
long layer_count(double shorter, long n_scales) {  // par. 2: layers that are returned
  long count = 0;
  for (; shorter >= 32 && count < min(n_scales, 8L); ++count) shorter = single(shorter / ROOT_2);
  return max(count, 1L); }
long searched_count(double shorter, long n_scales) {  // par. 10: layers that are searched
  return max(layer_count(shorter, n_scales), 1 + long(2 * std::log2(max(1.0, shorter / 20)))); }
double layer_side(long side, long k) { return lrint(side / factor(k)); }  // par. 2, (1)
double bilinear_8bit(In in, double x, double y) {  // par. 4, (3)
  const auto p = FN(share, lrint(2048 * single(share)));
  const auto along = [&](long a, long b, double f) { return (p(1 - f) * a + p(f) * b) >> 4; };
  return between(in, x, y, along, [&](long a, long b, double f) {
    return ((p(1 - f) * a >> 16) + (p(f) * b >> 16) + 2) >> 2; }); }
using Reader = double (*)(In, double x, double y);
Tensor resized(In in, long rows, long columns, Reader read = bilinear) {  // par. 3, (2)
  const auto source = [](long i, long n, long N) { return (i + 0.5) * (double(N) / n) - 0.5; };
  const auto at = FN2(y, x, read(in, source(x, columns, in.columns()), source(y, rows, in.rows())));
  return grid(rows, columns, at); }
vector<Tensor> layers(In frame, long n, Reader read = bilinear) {  // par. 3
  vector<Tensor> out = {frame};
  const auto side = FN2(axis, k, layer_side(frame.shape[axis], k));
  for (long k = 1; k < n; ++k) out.push_back(resized(out[k - 1], side(0, k), side(1, k), read));
  return out; }
template <class F> Named numbered(const string& name, long n, F f) {  // par. 2: by layer
  Named out;
  for (long k : range(n)) out[name + to_string(k)] = f(k);
  return out; }
KIND(layers) {  // par. 3 and 4
  const long n = layer_count(min(c["frame"].rows(), c["frame"].columns()), c.number("n_scales"));
  const auto all = layers(c["frame"], n, c.setting("bits") == "8" ? bilinear_8bit : bilinear);
  return numbered("layer_", n, FN(k, all[k])); }
KIND(searched) {  // and kind `sizes`, which has no n_scales
  const Tensor h = last(c["shapes"], 0), w = last(c["shapes"], 1);
  const Tensor shorter = each(h, w, FN2(a, b, min(a, b))), factors = table(8, {}, factor);
  const long n_scales = c.has("n_scales") ? c.number("n_scales") : 8;
  const Tensor wanted = each(shorter, FN(side, layer_count(side, n_scales)));
  const Tensor searched = each(shorter, FN(side, searched_count(side, n_scales)));
  const Tensor counts = c.has("n_scales") ? searched : wanted;
  Tensor sizes = zeros({0, 2});
  for (long m : range(counts.rows()))
    for (long k : range(counts(m))) sizes.append(row({layer_side(h(m), k), layer_side(w(m), k)}));
  return {{"counts", counts}, {"wanted", wanted}, {"layers", sizes}, {"factors", factors}}; }
KIND(sizes) { return searched_outputs(c); }

const Kernel SLOPE = {1, -8, 0, 8, -1};  // par. 8, over 12
KIND(slopes) {
  return {{"gx", slopes_x(c["image"], SLOPE) / 12}, {"gy", slopes_y(c["image"], SLOPE) / 12}}; }
Tensor normalized(In in) {  // par. 9, (4)
  const Tensor counts = box(zeros(in.shape) + 1, 7), d = in - box(in, 7) / counts;
  return d / root(9 + box(d * d, 7) / counts); }
KIND(normalise) { return {{"texture", normalized(c["image"])}}; }
Tensor enlarged(In coarse, long rows, long columns) {  // par. 12, (5): cut, not rounded
  const double ratio_y = double(rows) / coarse.rows(), ratio_x = double(columns) / coarse.columns();
  const auto from = FN2(i, ratio, long((i + 0.5) / ratio));
  const auto read = FN(t, grid(rows, columns, FN2(y, x, t(from(y, ratio_y), from(x, ratio_x)))));
  return row({ratio_x, ratio_y}) * each_component(coarse, read); }
KIND(enlarge) { return {{"flow", enlarged(c["flow"], c["shape"](0), c["shape"](1))}}; }
// Par. 16, (7), and 23, (11): the flow of least squares from the sums xx, xy, yy, xt, yt.
Tensor solved(const vector<Tensor>& s, double guard) {
  const Tensor det = s[0] * s[2] - s[1] * s[1] + guard;
  return joined((s[2] * s[3] - s[1] * s[4]) / det, (s[0] * s[4] - s[1] * s[3]) / det); }
// Par. 13 and 22: what read(x, y) finds where the flow leads from each pixel.
template <class Read> Tensor at_targets(In flow, Read read) {
  const auto at = FN2(y, x, read(x + flow(y, x, 0), y + flow(y, x, 1)));
  return grid(flow.rows(), flow.columns(), at); }

Named lucas_kanade_round(In first, In second, In flow) {  // par. 13 to 18
  Named o;
  const Tensor u0 = last(flow, 0), v0 = last(flow, 1);
  In warped = o["warped"] = at_targets(flow, FN2(x, y, bilinear(second, x, y)));
  In seen = o["seen"] = at_targets(flow, FN2(x, y, inside(second, x, y)));
  const Tensor r = warped - first, mean = (first + warped) / 2;  // (6)
  In gx = o["gx"] = slopes_x(mean, SLOPE) / 12, gy = o["gy"] = slopes_y(mean, SLOPE) / 12;
  const Tensor t = gx * u0 + gy * v0 - r;
  In w = o["weights"] = seen / (1 + r * r);  // par. 14
  // Par. 15 and 16: a weak equation at a cell's first pixel; window [i, j] ends with cell [i, j].
  const long rows = first.rows(), columns = first.columns();
  const long cells_y = (rows + 1) / 2, cells_x = (columns + 1) / 2;
  const Tensor hold = grid(rows, columns, FN2(y, x, y % 2 || x % 2 ? 0 : 0.004));
  const auto windows = FN(in, sums(in, 10, cells_y + 4, cells_x + 4, 2, -8));
  In xx = o["xx"] = windows(w * gx * gx + hold), xy = o["xy"] = windows(w * gx * gy);  // (7)
  In yy = o["yy"] = windows(w * gy * gy + hold), xt = o["xt"] = windows(w * gx * t + hold * u0);
  In yt = o["yt"] = windows(w * gy * t + hold * v0);
  const Tensor best = solved({xx, xy, yy, xt, yt}, 0);
  In u = o["u"] = last(best, 0), v = o["v"] = last(best, 1);
  In cost = o["cost"] = windows(w * (t * t - 0.1) + hold * (u0 * u0 + v0 * v0));  // (8)
  In misfit = o["misfit"] = each((cost - u * xt - v * yt) / 100 + 0.1, FN(m, max(0.0, m)));
  In trust = o["trust"] = each(1 + misfit / 0.1, FN(x, std::pow(x, -4)));  // par. 18
  const auto over = FN(in, sums(in, 5, cells_y, cells_x, 1, 0));
  const Tensor blended = each_component(best, FN(in, over(trust * in) / over(trust)));
  const auto of_cell = FN(in, grid(rows, columns, FN2(y, x, in(y / 2, x / 2))));
  o["blended"] = each_component(blended, of_cell);
  o["median"] = median(o["blended"], 3);
  return o; }
KIND(lk_round) { return lucas_kanade_round(c["first"], c["second"], c["flow"]); }
