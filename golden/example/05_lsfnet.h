// Stage 5, ../05_lsfnet/README.md: the network, its losses and gradients.
// Par. 1 and 2: names of layer l of 2 * depth; the decoder's weights are the encoder's, backwards.
string weights_of(long l, long depth) {
  return "weights_" + to_string(l < depth ? l + 1 : 2 * depth - l); }
string bias_of(long l, long depth) {  // par. 1
  return (l < depth ? "encoder_bias_" : "decoder_bias_") + to_string(l % depth + 1); }
long depth_of(const Named& p) {  // par. 1: layers of the encoder
  return std::count_if(p.begin(), p.end(), FN(t, t.first.rfind("decoder_bias_", 0) == 0)); }
vector<Tensor> forward(const Named& p, In rows) {  // par. 2: rows, ..., codes, ..., rebuilt
  const long depth = depth_of(p);
  vector<Tensor> x = {rows};
  for (long l : range(2 * depth)) {
    In w = p.at(weights_of(l, depth));
    const Tensor y = product(x[l], l < depth ? w : transposed(w)) + p.at(bias_of(l, depth));
    x.push_back((l + 1) % depth ? each(y, FN(t, std::tanh(t))) : y); }
  return x; }
Tensor codes(const Named& p, In rows) { return forward(p, rows)[depth_of(p)]; }  // par. 2, (1)
Tensor log_posteriors(const Named& p, In codes) {  // par. 2, (3), shifted
  const Tensor out = product(codes, p.at("head_weights")) + p.at("head_bias");
  const auto shifted = FN(b, slice(out, b) - largest(slice(out, b)));
  const auto log_p = FN(b, shifted(b) - std::log(sum(exponential(shifted(b)))));
  return table(out.rows(), {out.columns()}, log_p); }

// Par. 3 to 6: a loss, and its gradients by the names of parameters and "rows".
Named gradients(const Named& p, In rows, In labels, bool reconstruction) {
  const vector<Tensor> x = forward(p, rows);
  const long depth = depth_of(p), batch = rows.rows(), size = rows.v.size();
  const Tensor left = x.back() - rows, log_p = log_posteriors(p, x[depth]);
  const Tensor hit = grid(batch, log_p.columns(), FN2(b, c, labels(b) == c));
  Named o = {{"loss", sum(left * left) / size}, {"rows", 0 - 2 * left / size}};  // (4)
  Tensor d = 2 * left / size;
  if (!reconstruction) {
    d = (exponential(log_p) - hit) / batch;
    o = {{"loss", 0 - sum(hit * log_p) / batch}, {"head_bias", column_sums(d)}};  // (5)
    o["head_weights"] = product(transposed(x[depth]), d);
    d = product(d, transposed(p.at("head_weights"))); }
  for (long l = (reconstruction ? 2 * depth : depth) - 1; l >= 0; --l) {  // (6)
    const string weights = weights_of(l, depth);
    if ((l + 1) % depth) d = d * (1 - x[l + 1] * x[l + 1]);
    o[bias_of(l, depth)] = column_sums(d);
    const Tensor g = product(transposed(x[l]), d);
    o[weights] = o[weights] + (l < depth ? g : transposed(g));
    d = product(d, l < depth ? transposed(p.at(weights)) : p.at(weights)); }
  o["rows"] = o["rows"] + d;
  return o; }
KIND(network) {  // par. 2 to 6
  const vector<Tensor> x = forward(c.in, c["rows"]);
  const Tensor codes = x[x.size() / 2], posteriors = exponential(log_posteriors(c.in, codes));
  Named o = {{"codes", codes}, {"rebuilt", x.back()}, {"posteriors", posteriors}};
  for (const string loss : {"reconstruction", "classification"})
    for (const auto& [name, g] : gradients(c.in, c["rows"], c["labels"], loss == "reconstruction"))
      o[loss + (name == "loss" ? "_" : "_d_") + name] = g;
  return o; }
KIND(init) {  // par. 7
  Named o;
  for (const string name : {"weights_1", "weights_2", "head_weights"}) {
    In u = c["unit_" + name];
    o[name] = std::sqrt(6.0 / (u.rows() + u.columns())) * (2 * u - 1); }
  o["encoder_bias_1"] = o["decoder_bias_1"] = 0 * slice(o["weights_1"], 0);
  o["encoder_bias_2"] = 0 * slice(o["weights_2"], 0);
  o["decoder_bias_2"] = 0 * last(o["weights_1"], 0);
  o["head_bias"] = 0 * slice(o["head_weights"], 0);
  return o; }
KIND(scaling) {  // par. 8
  In fitted = c["rows_PD"], rows = c["rows_BD"];
  const string kind = c.setting("scaling");
  const auto or_one = FN(x, x == 0 ? 1 : x);
  Tensor mean = zeros({rows.columns()}), scale = mean + 1, norms = scale;
  if (kind != "none" && kind != "unit") mean = means(fitted);
  const Tensor left = fitted - mean;
  if (kind == "zscore") scale = each(deviations(fitted), or_one);
  if (kind == "rms") scale = scale * or_one(std::sqrt(sum(left * left) / left.v.size()));
  const auto block = FN(i, i < 30 ? 0 : i < 126 ? 1 : i < 234 ? 2 : 3);
  const Tensor same = grid(rows.columns(), rows.columns(), FN2(i, j, block(i) == block(j)));
  if (kind == "unit") norms = each(root(product(rows * rows, same)), or_one);
  return {{"mean", mean}, {"scale", scale}, {"scaled", (rows - mean) / scale / norms}}; }
vector<long> ranking(In values) {  // par. 9: 0, 1, ..., by value, of equals the lower number
  vector<long> order = range(values.rows());
  std::stable_sort(order.begin(), order.end(), FN2(a, b, values(a) < values(b)));
  return order; }
KIND(draw) {  // par. 9
  const string balance = c.setting("balance");
  vector<long> video;
  for (long m : range(c["counts"].rows())) video.insert(video.end(), c["counts"](m), m);
  map<long, vector<double>> groups;  // rows, by their keys
  for (long row : ranking(c["keys"])) {
    const long label = c["labels"](video[row]);
    const long group = balance == "video" ? video[row] : balance == "class" ? label : 0;
    if (label >= 0) groups[group].push_back(row); }
  Tensor rows = zeros({0});
  for (size_t left = c.number("n_samples"); !groups.empty();) {
    const auto smaller = FN2(a, b, a.second.size() < b.second.size());
    const auto group = std::min_element(groups.begin(), groups.end(), smaller);
    const size_t quota = min(group->second.size(), left / groups.size());
    rows.append(row({group->second.begin(), group->second.begin() + quota}));
    left -= quota;
    groups.erase(group); }
  std::sort(rows.v.begin(), rows.v.end());
  return {{"rows", rows}}; }
