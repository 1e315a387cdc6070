// Stage 8 of 10: Fisher scores, and the features that are kept.
#pragma once
#include "case.h"

// paper Eq. (1); F1 F2 F5 (08 par. 1 to 4)
Array fisher_scores(const Array& pooled, const Ints& labels) {
  const long M = pooled.shape[0];
  Array out;
  for (long e = 0; e < pooled.shape[1]; e++) {
    vector<real> x(M);
    std::map<int64_t, vector<real>> classes;  // those without videos are not there (par. 4)
    real most = 0, mean = 0, between = 0, within = 0;
    bool varies = false, apart = false;
    int exponent;  // par. 3: squares of 1e200 overflow; a power of two changes no digit
    for (long m = 0; m < M; m++) most = max(most, std::abs(pooled(m, e)));
    std::frexp(most, &exponent);
    for (long m = 0; m < M; m++) x[m] = std::ldexp(pooled(m, e), -exponent), mean += x[m] / M;
    for (long m = 0; m < M; m++) classes[labels[m]].push_back(x[m]);
    for (const auto& [label, own] : classes) {
      const real n = (real)own.size();
      real class_mean = 0;
      for (real value : own) class_mean += value / n;
      for (real value : own) within += (value - class_mean) * (value - class_mean);
      between += n * (class_mean - mean) * (class_mean - mean);
      for (real value : own) varies |= value != own[0], apart |= value != x[0];
    }
    out.push({varies ? between / within : apart ? (real)INFINITY : 0});  // par. 2
  }
  return out;
}

// the best max(1, ceil(E top_percent / 100)), best first, of equals the lower; F3 F4 (08 par. 5)
Ints select_top(const Array& scores, double top_percent) {
  Ints out(scores.shape);
  std::iota(out.v.begin(), out.v.end(), 0);
  std::stable_sort(out.v.begin(), out.v.end(), [&](long a, long b) { return scores[a] > scores[b]; });
  out.shape[0] = max(1L, (long)std::ceil((double)scores.size() * top_percent / 100));
  out.v.resize(out.shape[0]);
  return out;
}
KIND(fisher) {
  const Array scores = fisher_scores(c.get("pooled_ME"), c.ints("labels_M"));
  c.put("scores_E", scores), c.put("selected_Q", select_top(scores, c.number("top_percent")));
}
