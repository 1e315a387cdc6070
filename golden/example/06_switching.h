// Stage 6 of 10: phase 1, two losses in turn.
#pragma once
#include "05_lsfnet.h"

struct Optimizer {  // one per loss; what the loss does not depend on stays; C10 C11 C12
  bool adam;
  double rate;
  int n_steps;
  Net mean, square;
  void step(Net& net, const Net& grad) {
    n_steps++;
    for (const auto& [name, g] : grad) {
      if (name == "rows") continue;
      if (!mean.count(name)) mean[name] = square[name] = Array(g.shape);
      Array &p = net[name], &m = mean[name], &v = square[name];
      for (long i = 0; i < p.size(); i++) {
        if (!adam) { p[i] -= (real)rate * g[i]; continue; }  // 06 par. 3
        m[i] = (real)0.9 * m[i] + (real)0.1 * g[i];          // 06 par. 4
        v[i] = (real)0.999 * v[i] + (real)0.001 * g[i] * g[i];
        const double share = m[i] / (1 - std::pow(0.9, n_steps)), all = v[i] / (1 - std::pow(0.999, n_steps));
        p[i] -= (real)(rate * share / (std::sqrt(all) + 1e-8));
      }
    }
  }
};

vector<int> losses_of(const string& rule, long epoch, long step) {  // 0 L1, 1 L2 (06 par. 2)
  if (rule == "step") return {(int)(step % 2)};
  if (rule == "epoch") return {(int)(epoch % 2)};
  return rule == "both" ? vector<int>{0, 1} : vector<int>{0};
}
Loss loss_of(int which, const Net& net, const Array& rows, const Ints& labels, const vector<int64_t>& picks) {
  Ints own;
  for (int64_t row : picks) own.push({labels[row]});
  return which ? classification(net, pick_rows(rows, picks), own) : reconstruction(net, pick_rows(rows, picks));
}

// of L1, the mean over the rows of its steps in an epoch, each batch measured before its own step; C8 C9
// of L2, the mean over the rows of its steps in an epoch, each batch measured before its own step; C8 C9
// (06 par. 1 and 5). `see` is shown every step.
template <class See> static void train(const Case& c, Net& net, const Ints& order, Array curves[2], const See& see) {
  const Array rows = c.get("rows_PD");
  const Ints labels = c.ints("labels_P");
  const long n = rows.shape[0], size = (long)c.number("batch_size");
  const bool adam = c.word("optimizer") == "adam";
  Optimizer optimizers[] = {{adam, c.number("lr_ae"), 0, {}, {}}, {adam, c.number("lr_mlp"), 0, {}, {}}};
  vector<int64_t> probe;
  for (long i = 0; i < n; i += max(1L, n / 4096)) probe.push_back(i);
  for (long epoch = 0, step = 0; epoch < order.shape[0]; epoch++) {
    double totals[2] = {}, seen[2] = {};
    for (long start = 0; start < n; start += size, step++) {
      const auto first = order.v.begin() + epoch * n + start;
      const vector<int64_t> picks(first, first + min(size, n - start));
      for (int which : losses_of(c.word("switch"), epoch, step)) {
        const Loss loss = loss_of(which, net, rows, labels, picks);
        totals[which] += loss.value * (double)picks.size(), seen[which] += (double)picks.size();
        optimizers[which].step(net, loss.grad);
        see(which, loss);
      }
    }
    for (int k = 0; k < 2; k++)
      curves[k].push({(real)(seen[k] ? totals[k] / seen[k] : loss_of(k, net, rows, labels, probe).value)});
  }
}
static const string NAME[] = {"reconstruction", "classification"};

// after each of four steps. gradients of steps 1 and 3; C10
// gradients of steps 2 and 4; C10. L1 before steps 1 and 3; C8. L2 before steps 2 and 4; C8
KIND(steps) {
  Net net = read_net(c), out;
  Array curves[2];
  const auto stack = [&](const string& name, const Array& array) {
    out.count(name) ? out[name].push(array.v) : void(out[name] = stacked<real>({array}));
  };
  train(c, net, c.ints("order_4P"), curves, [&](int which, const Loss& loss) {
    stack(NAME[which] + "_losses_2", one((real)loss.value));
    for (const auto& [part, array] : loss.grad) if (part != "rows") stack(NAME[which] + "_d_" + part, array);
    for (const auto& [part, array] : net) stack("after_" + part, array);
  });
  for (const auto& [name, array] : out) c.put(name, array);
}
KIND(training) {  // at the end. C9 C10 C11 C12
  Net net = read_net(c);
  Array curves[2];
  train(c, net, c.ints("order_UP"), curves, [](int, const Loss&) {});
  for (int k = 0; k < 2; k++) c.put(NAME[k] + "_curve_U", curves[k]);
  if (c.word("end") != "losses") for (const auto& [part, array] : net) c.put("after_" + part, array);
}
