// All stages joined: from grey frames to both answers; and the stages of a trace.
#pragma once
#include "04_descriptors.h"
#include "07_pooling.h"
#include "08_fisher.h"
#include "10_voting.h"

// Stages 1 and 2 of all frames (11 par. 2)
vector<Layer> layers_of(const vector<Array>& frames, long n_scales, bool farneback) {
  vector<Layer> out;
  Prepared before;
  for (long f = 0; f < (long)frames.size(); f++) {
    const vector<Array> greys = grey_layers(frames[f], n_scales, farneback);
    const Prepared now = prepare(greys, n_scales, farneback);
    const vector<Array> flows = f ? layer_flows(before, now) : vector<Array>(greys.size());
    for (long k = 0; k < (long)greys.size(); k++) {
      if (!f) out.push_back({k, {}, {}, {}, {}, Ints({0, 4})});
      out[k].greys.push_back(greys[k]), out[k].flows.push_back(flows[k]);
    }
    before = now;
  }
  return out;
}
Array columns_of(const Array& rows, const Ints& chosen) {
  return image(rows.shape[0], chosen.size(), [&](long m, long q) { return rows(m, chosen[q]); });
}
Array as_row(const Array& values) { return stacked<real>({values}); }

// Stages 8 to 10 of a task: select, hash, search, vote (11 par. 4 and 5)
void answer(const Case& c, const string& task, const Array& pooled, long n_classes) {
  const Array all = c.get("index_ME"), directions = c.get(task + "_directions_TNQ");
  const Ints labels = c.ints(task + "_labels_M");
  vector<int64_t> labelled;
  Ints own;
  for (long m = 0; m < labels.size(); m++) if (labels[m] >= 0) labelled.push_back(m), own.push({labels[m]});
  const Array index = pick_rows(all, labelled), scores = fisher_scores(index, own);
  const Ints selected = select_top(scores, c.number("top_percent"));
  const Array index_hashes = hash(columns_of(index, selected), directions);
  const Array query_hashes = hash(columns_of(as_row(pooled), selected), directions);
  const Found found = search(index_hashes, query_hashes, (long)c.number("k"));
  const Votes votes = vote(found, own, n_classes, c.word("voting"));
  c.put(task + "_scores_E", scores), c.put(task + "_selected_Q", selected);
  c.put(task + "_index_hashes_TmN", index_hashes), c.put(task + "_query_hashes_T1N", query_hashes);
  c.put(task + "_neighbors_T1K", found.neighbors), c.put(task + "_squared_distances_T1K", found.squared);
  c.put(task + "_confidence_1C", votes.confidence), c.put(task + "_decision_1", votes.decision);
}

KIND(whole) {
  const Net net = read_net(c);
  const Array all = c.get("frames_FHW");
  vector<Array> frames;
  for (long f = 0; f < all.shape[0]; f++) frames.push_back(all.part(f));
  vector<Layer> layers = layers_of(frames, (long)c.setting("n_scales"), c.word("flow") == "farneback");
  for (Layer& layer : layers) {
    follow(layer, {});
    const auto later = [](const vector<Array>& all) { return vector<Array>(all.begin() + 1, all.end()); };
    c.put(layer.scale ? "flow_1_fhw2" : "flow_0_fHW2", stacked(later(layer.flows)));
  }
  c.put("layer_1_Fhw", stacked(layers[1].greys)), put_tracks(c, layers);
  const Rows rows = describe_all(layers, (double)frames.size(), {});
  const Array scaled = scale_rows(rows.descriptors, c.get("mean_D"), c.get("scale_D")), pooled = pool(net, scaled);
  c.put("info_P10", rows.info), c.put("descriptors_PD", rows.descriptors);
  c.put("codes_PE", encode(net, scaled)), c.put("scaled_PD", scaled);
  c.put("pooled_E", pooled), c.put("n_points", one<int64_t>(scaled.shape[0]));
  answer(c, "background", pooled, 3), answer(c, "foreground", pooled, 2);
}
