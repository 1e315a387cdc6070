// Stage 8, ../08_fisher/README.md: rank the features, keep the best.
template <class Wanted> Tensor rows_if(In t, In labels, Wanted wanted) {  // par. 1: of a class
  vector<long> numbers;
  for (long m : range(t.rows())) if (wanted(labels(m))) numbers.push_back(m);
  return picked(t, numbers); }
// Par. 1 to 4, (1). Means are taken from the first row on, so that equal values leave exactly 0.
Tensor fisher_scores(In features, In labels) {
  const auto top = FN(e, largest(each(last(features, e), FN(t, std::abs(t)))));
  const auto scale = FN(e, std::ldexp(1, -1 - std::ilogb(max(top(e), 1e-300))));  // par. 3
  const Tensor x = features * table(features.columns(), {}, scale), mean = means(x);
  Tensor between, within;
  for (long c : range(largest(labels) + 1)) {
    const Tensor own = rows_if(x, labels, FN(label, label == c));
    if (!own.rows()) continue;
    between = between + own.rows() * (means(own) - mean) * (means(own) - mean);
    within = within + column_sums((own - means(own)) * (own - means(own))); }
  return each(between, within, FN2(b, w, b == 0 && w == 0 ? 0 : b / w)); }  // par. 2
Named fisher(In pooled, In labels, double top_percent) {  // par. 5
  const Tensor scores = fisher_scores(pooled, labels);
  const long kept = max(1.0, std::ceil(scores.rows() * top_percent / 100));
  const vector<long> order = ranking(0 - scores);
  return {{"scores", scores}, {"selected", row({order.begin(), order.begin() + kept})}}; }
KIND(fisher) { return fisher(c["pooled"], c["labels"], c.number("top_percent")); }
