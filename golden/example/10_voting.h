// Stage 10 of 10: soft voting.
#pragma once
#include "09_lsh.h"
struct Votes { Array confidence; Ints decision; };

// average, stacked: share of each label among the neighbors of all tables; V1 V2 V5 V6 (10 par. 1 to 4)
// most votes, the lowest class of equals; V1 (10 par. 5)
Votes vote(const Found& found, const Ints& labels, long C, const string& rule) {
  const long T = found.neighbors.shape[0], M = found.neighbors.shape[1], K = found.neighbors.shape[2];
  Votes out{Array({0, C}), {}};
  for (long m = 0; m < M; m++) {
    vector<real> votes(C);
    real total = 0;
    for (long t = 0; t < T; t++) {
      const auto weight = [&](long i) { return 1 / (std::sqrt(found.squared(t, m, i)) + (real)1e-12); };
      real all = 0;
      for (long i = 0; i < K; i++) all += weight(i);
      for (long i = 0; i < K; i++) {
        const int64_t label = labels[found.neighbors(t, m, i)];
        if (rule == "weighted") votes[label] += weight(i) / all;
        else if (rule != "table" || label == t) votes[label] += 1;
      }
    }
    out.decision.push({std::max_element(votes.begin(), votes.end()) - votes.begin()});
    for (real each : votes) total += each;
    for (real& each : votes) each = total > 0 ? each / total : (real)1 / C;
    out.confidence.push(votes);
  }
  return out;
}
KIND(vote) {
  const Found found = {c.ints("neighbors_TMK"), c.get("squared_distances_TMK")};
  const Votes votes = vote(found, c.ints("labels_m"), (long)c.number("n_classes"), c.word("rule"));
  c.put("confidence_MC", votes.confidence), c.put("decision_M", votes.decision);
}
