// Stage 6, ../06_switching/README.md: training with two losses in turn.
struct Moments { Named m, v; long t = 0; };
// Par. 3 and 4, (1) and (2): a step of what the gradient names.
void descend(Named& p, const Named& gradient, double rate, bool adam, Moments& state) {
  ++state.t;
  for (const auto& [name, g] : gradient) {
    if (name == "loss" || name == "rows") continue;
    In m = state.m[name] = 0.9 * state.m[name] + 0.1 * g;
    In v = state.v[name] = 0.999 * state.v[name] + 0.001 * g * g;
    const Tensor divisor = root(v / (1 - std::pow(0.999, state.t))) + 1e-8;
    p[name] = p[name] - rate * (adam ? m / (1 - std::pow(0.9, state.t)) / divisor : g); } }

KIND(training) {  // par. 1, 2, 5 and 6
  const string names[] = {"reconstruction", "classification"}, rule = c.setting("switch");
  const double rates[] = {c.number("lr_ae"), c.number("lr_mlp")}, n = c["rows"].rows();
  const auto of = [&](const Named& p, const vector<long>& numbers, long loss) {
    return gradients(p, picked(c["rows"], numbers), picked(c["labels"], numbers), loss == 0); };
  Named p = c.in, o;
  Moments moments[2];
  map<string, vector<Tensor>> history;
  vector<long> probe;
  for (long i = 0; i < n; i += max(1L, long(n) / 4096)) probe.push_back(i);
  for (long epoch = 0, step = 0; epoch < c["order"].rows(); ++epoch) {
    double total[2] = {0, 0}, seen[2] = {0, 0};
    const vector<double> order = slice(c["order"], epoch).v;
    for (long first = 0; first < n; first += c.number("batch_size"), ++step) {
      const long end = min(n, first + c.number("batch_size"));
      const vector<long> batch(order.begin() + first, order.begin() + end);
      for (long loss : {0, 1}) {
        const long turn = rule == "reconstruction" ? 0 : (rule == "epoch" ? epoch : step) % 2;
        if (rule != "both" && turn != loss) continue;
        const Named gradient = of(p, batch, loss);
        total[loss] += gradient.at("loss")() * batch.size();
        seen[loss] += batch.size();
        descend(p, gradient, rates[loss], c.setting("optimizer") == "adam", moments[loss]);
        if (c.setting("kind") != "steps") continue;
        for (const auto& [name, g] : gradient)
          history[names[loss] + (name == "loss" ? "_losses" : "_d_" + name)].push_back(g);
        for (const auto& [name, t] : p) history["after_" + name].push_back(t); } }
    for (long loss : {0, 1})
      history[names[loss] + "_curve"].push_back(
          seen[loss] ? total[loss] / seen[loss] : of(p, probe, loss)["loss"]); }
  for (const auto& [name, t] : p) o["after_" + name] = t;
  for (const auto& [name, list] : history) o[name] = stacked(list);
  return o; }
KIND(steps) { return training_outputs(c); }
