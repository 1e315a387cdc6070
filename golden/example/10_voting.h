// Stage 10, ../10_voting/README.md: soft voting.
Named vote(const string& rule, In neighbors, In distances, In labels, double n_classes) {  // par. 1
  Tensor confidence = zeros({0, long(n_classes)}), decision = zeros({0});
  for (long m : range(neighbors.columns())) {
    Tensor votes = zeros({long(n_classes)});
    for (long t : range(neighbors.rows())) {
      const Tensor near = 1 / (root(slice(slice(distances, t), m)) + 1e-12);  // par. 3
      for (long i : range(near.rows())) {
        const long label = labels(neighbors(t, m, i));
        if (rule == "table" && label != t) continue;  // par. 2
        votes(label) += rule == "weighted" ? near(i) / sum(near) : 1; } }
    confidence.append(sum(votes) > 0 ? votes / sum(votes) : votes + 1 / n_classes);
    decision.append(std::max_element(votes.v.begin(), votes.v.end()) - votes.v.begin()); }
  return {{"confidence", confidence}, {"decision", decision}}; }
KIND(vote) {  // par. 5: of equals the first
  In neighbors = c["neighbors"], distances = c["squared_distances"], labels = c["labels"];
  return vote(c.setting("rule"), neighbors, distances, labels, c.number("n_classes")); }
