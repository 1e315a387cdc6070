// Stage 5 of 10: LSFNet, its losses and gradients; first parameters, the sample, its scaling.
#pragma once
#include "case.h"
using Net = std::map<string, Array>;  // the parameters, or their gradients, by name
struct Loss { double value; Net grad; };

Array transposed(const Array& a) {
  return image(a.shape[1], a.shape[0], [&](long y, long x) { return a(x, y); });
}
Array product(const Array& a, const Array& b) {
  Array out({a.shape[0], b.shape[1]});
  for (long i = 0; i < a.shape[0]; i++)
    for (long k = 0; k < a.shape[1]; k++)
      for (long j = 0; j < b.shape[1]; j++) out(i, j) += a(i, k) * b(k, j);
  return out;
}
Array column_sums(const Array& rows) {
  Array out({rows.shape[1]});
  for (long i = 0; i < rows.size(); i++) out[i % out.size()] += rows[i];
  return out;
}
Array plus_bias(const Array& rows, const Array& bias) {
  return image(rows.shape[0], rows.shape[1], [&](long i, long j) { return rows(i, j) + bias[j]; });
}
real plus(real a, real b) { return a + b; }
real exponential(real x) { return std::exp(x); }
string numbered(const char* name, long k) { return name + to_string(k); }
long depth_of(const Net& net) {
  long k = 0;
  while (net.count(numbered("weights_", k + 1))) k++;
  return k;
}
Net read_net(const Case& c) {  // 05 par. 1
  Net out = {{"head_weights", c.get("head_weights")}, {"head_bias", c.get("head_bias")}};
  for (long k = 1; c.has(numbered("weights_", k)); k++)
    for (const char* name : {"weights_", "encoder_bias_", "decoder_bias_"})
      out[numbered(name, k)] = c.get(numbered(name, k));
  return out;
}

// What goes into and comes out of each layer: of the encoder x, h, z; of the decoder z, u, x'.
// z = tanh(x W1 + b1) W2 + b2; C5. x' = tanh(z W2^T + d1) W1^T + d2; C4 C5 (05 par. 2)
vector<Array> layers_of(const Net& net, const Array& rows, bool decoder) {
  vector<Array> out = {rows};
  for (long k = 1, depth = depth_of(net); k <= depth; k++) {
    const Array& w = net.at(numbered("weights_", decoder ? depth + 1 - k : k));
    const Array& bias = net.at(numbered(decoder ? "decoder_bias_" : "encoder_bias_", k));
    const Array next = plus_bias(product(out.back(), decoder ? transposed(w) : w), bias);
    out.push_back(k < depth ? map([](real x) { return std::tanh(x); }, next) : next);
  }
  return out;
}
Array encode(const Net& net, const Array& rows) { return layers_of(net, rows, false).back(); }

real through_tanh(real d, real out) { return d * (1 - out * out); }

// Of the encoder's use of the parameters, from the gradient of the codes; "rows" is that of the rows
void encoder_part(const Net& net, const vector<Array>& layers, Array d, Net& grad) {
  for (long k = depth_of(net); k > 0; k--) {
    const string name = numbered("weights_", k);
    const Array own = product(transposed(layers[k - 1]), d);
    grad[name] = grad.count(name) ? map(plus, grad[name], own) : own;  // C4: both parts
    grad[numbered("encoder_bias_", k)] = column_sums(d);
    d = product(d, transposed(net.at(name)));
    if (k > 1) d = map(through_tanh, d, layers[k - 1]);
  }
  grad["rows"] = d;
}

// L1: mean over B and D of (x' - x)^2; C8 (05 par. 3)
// gradient of L1; of a tied weight, its part as encoder plus its part as decoder; C4 C10 (05 par. 4, rows: par. 6)
Loss reconstruction(const Net& net, const Array& rows) {
  const auto encoder = layers_of(net, rows, false), decoder = layers_of(net, encoder.back(), true);
  Loss out{0, {}};
  const Array error = map(minus, decoder.back(), rows);
  for (real x : error.v) out.value += (double)x * x / (double)error.size();
  const Array at_output = map([&](real x) { return 2 * x / error.size(); }, error);
  Array d = at_output;
  for (long depth = depth_of(net), k = depth; k > 0; k--) {
    const string name = numbered("weights_", depth + 1 - k);
    out.grad[name] = product(transposed(d), decoder[k - 1]);
    out.grad[numbered("decoder_bias_", k)] = column_sums(d);
    d = product(d, net.at(name));
    if (k > 1) d = map(through_tanh, d, decoder[k - 1]);
  }
  encoder_part(net, encoder, d, out.grad);
  out.grad["rows"] = map(minus, out.grad["rows"], at_output);
  return out;
}

// softmax(z V + v); C6 (05 par. 2): its logarithm, outputs shifted by the largest
Array log_posteriors(const Net& net, const Array& codes) {
  Array out = plus_bias(product(codes, net.at("head_weights")), net.at("head_bias"));
  for (long b = 0, n = out.shape[1]; b < out.shape[0]; b++) {
    real *row = &out(b, 0), most = *std::max_element(row, row + n), sum = 0;
    for (long c = 0; c < n; c++) row[c] -= most, sum += std::exp(row[c]);
    for (long c = 0; c < n; c++) row[c] -= std::log(sum);
  }
  return out;
}

// L2: mean over B of -log p[label]; C8 (05 par. 3)
// gradient of L2; C10 (05 par. 5)
Loss classification(const Net& net, const Array& rows, const Ints& labels) {
  const auto encoder = layers_of(net, rows, false);
  const Array logs = log_posteriors(net, encoder.back());
  const long n = rows.shape[0];
  Loss out{0, {}};
  for (long b = 0; b < n; b++) out.value -= (double)logs(b, labels[b]) / n;
  const auto at_logits = [&](long b, long c) { return (std::exp(logs(b, c)) - (c == labels[b])) / n; };
  const Array d = image(n, logs.shape[1], at_logits);
  encoder_part(net, encoder, product(d, transposed(net.at("head_weights"))), out.grad);
  out.grad["head_weights"] = product(transposed(encoder.back()), d), out.grad["head_bias"] = column_sums(d);
  return out;
}

Array scale_rows(const Array& rows, const Array& mean, const Array& scale) {  // 05 par. 8
  return image(rows.shape[0], rows.shape[1], [&](long b, long i) { return (rows(b, i) - mean[i]) / scale[i]; });
}
Array pick_rows(const Array& all, const vector<int64_t>& picks) {
  return image((long)picks.size(), all.shape[1], [&](long b, long i) { return all(picks[b], i); });
}

KIND(network) {
  const Net net = read_net(c);
  const Array rows = c.get("rows_BD"), codes = encode(net, rows);
  c.put("codes_BE", codes), c.put("rebuilt_BD", layers_of(net, codes, true).back());
  c.put("posteriors_BC", map(exponential, log_posteriors(net, codes)));
  const auto show = [&](const string& name, const Loss& loss) {
    c.put(name + "_loss", one((real)loss.value));
    for (const auto& [part, gradient] : loss.grad) c.put(name + "_d_" + part, gradient);
  };
  show("reconstruction", reconstruction(net, rows));
  show("classification", classification(net, rows, c.ints("labels_B")));
}
KIND(init) {  // limit (2 u - 1), limit = sqrt(6 / (rows + columns)); biases 0; C16 (05 par. 7)
  for (const char* name : {"weights_1", "weights_2", "head_weights"}) {
    const Array unit = c.get(string("unit_") + name);
    const double limit = std::sqrt(6.0 / (double)(unit.shape[0] + unit.shape[1]));
    c.put(name, map([&](real u) { return (real)(limit * (2 * u - 1)); }, unit));
    const bool first = name[8] == '1', last = name[0] == 'h';
    c.put(last ? "head_bias" : first ? "encoder_bias_1" : "encoder_bias_2", Array({unit.shape[1]}));
    if (!last) c.put(first ? "decoder_bias_2" : "decoder_bias_1", Array({unit.shape[0]}));
  }
}
// mean of the rows_PD; rms: sqrt(mean over columns of their variance); zscore: the deviation of each column; A11
// (row - mean) / scale; unit: each descriptor to norm 1; A11 (05 par. 8)
KIND(scaling) {
  const string kind = c.word("scaling");
  const Array rows = c.get("rows_PD");
  const long n = rows.shape[0], D = rows.shape[1];
  Array mean({D}), scale({D}), scaled = c.get("rows_BD");
  vector<double> squares(D);
  double all = 0;
  for (long i = 0; i < D; i++) {
    double sum = 0;  // of differences from the first row: a constant column has deviation 0
    for (long p = 0; p < n; p++) sum += (double)rows(p, i) - rows(0, i);
    mean[i] = kind == "none" || kind == "unit" ? 0 : (real)(rows(0, i) + sum / n);
    for (long p = 0; p < n; p++) squares[i] += std::pow((double)rows(p, i) - mean[i], 2) / n;
    all += squares[i] / D;
  }
  for (long i = 0; i < D; i++) {
    scale[i] = (real)std::sqrt(kind == "rms" ? all : kind == "zscore" ? squares[i] : 1);
    if (scale[i] == 0) scale[i] = 1;
  }
  const long ends[] = {0, 30, 126, 234, 426};
  for (long b = 0; kind == "unit" && b < scaled.shape[0]; b++)
    for (int k = 0; k < 4; k++) {
      real norm = 0;
      for (long i = ends[k]; i < ends[k + 1]; i++) norm += scaled(b, i) * scaled(b, i);
      for (long i = ends[k]; i < ends[k + 1] && norm > 0; i++) scaled(b, i) /= std::sqrt(norm);
    }
  c.put("mean_D", mean), c.put("scale_D", scale), c.put("scaled_BD", scale_rows(scaled, mean, scale));
}
// of each group the rows with the smallest keys_P, as many as its quota; B1 B2 (05 par. 9)
KIND(draw) {
  const Ints counts = c.ints("counts_M"), labels = c.ints("labels_M");
  const Array keys = c.get("keys_P");
  std::map<int64_t, vector<int64_t>> groups;  // their rows; in order
  for (long m = 0, first = 0; m < counts.size(); first += counts[m], m++)
    for (long i = 0; i < counts[m] && labels[m] >= 0; i++)
      groups[c.word("balance") == "none" ? 0 : c.word("balance") == "video" ? m : labels[m]].push_back(first + i);
  vector<vector<int64_t>> sorted;
  for (const auto& [number, rows] : groups) sorted.push_back(rows);
  std::stable_sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.size() < b.size(); });
  Ints out;
  long left = c.ints("n_samples").v[0], open = sorted.size();
  for (auto& rows : sorted) {
    const long quota = std::min<long>(rows.size(), left / open--);
    left -= quota;
    std::stable_sort(rows.begin(), rows.end(), [&](long a, long b) { return keys[a] < keys[b]; });
    for (long i = 0; i < quota; i++) out.push({rows[i]});
  }
  std::sort(out.v.begin(), out.v.end());
  c.put("rows_p", out);
}
