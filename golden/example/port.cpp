// All ten stages: computes the outputs of a folder of cases, or of a trace.
// A block ends where its indentation does: closing braces share its last line.
#include "tensor.h"
#include "image.h"
#include "01_video.h"
#include "02_flow.h"
#include "02_farneback.h"
#include "03_trajectories.h"
#include "04_descriptors.h"
#include "05_lsfnet.h"
#include "06_switching.h"
#include "07_pooling.h"
#include "08_fisher.h"
#include "09_lsh.h"
#include "10_voting.h"
#include "11_end_to_end.h"
#include "trace.h"
int main(int argc, char** argv) try {
  if (argc < 3) throw std::runtime_error("usage: port GOLDEN OUT [CASES], or port TRACE OUT");
  const map<string, Case> cases = read_cases(argv[1], argc > 3 ? argv[3] : "");
  if (cases.count("config")) trace(cases, argv[2]);
  for (const auto& [name, c] : cases)
    if (kinds.count(c.setting("kind")) && !c.output.empty())
      write(argv[2] + ("/" + name), c, kinds.at(c.setting("kind"))(c)); }
catch (const std::exception& error) {
  std::cerr << "port: " << error.what() << '\n';
  return 2; }
