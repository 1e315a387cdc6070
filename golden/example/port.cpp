// port GOLDEN OUT [START]: read every case of GOLDEN whose name begins with START, write its outputs
// to OUT, or nothing where OUT is -. GOLDEN may be a folder that `run.py trace` wrote: its stages are then recomputed.
#include "06_switching.h"
#include "trace.h"
#include <set>

int main(int argc, char** argv) {
    if (argc < 3) fail("usage: port GOLDEN OUT [START]");
    const string golden = argv[1], out = strcmp(argv[2], "-") ? argv[2] : "", start = argc > 3 ? argv[3] : "";
    const string manifest = read_file(golden + "/manifest.json");
    std::set<string> double_only;  // cases without a tolerance for single precision
    std::istringstream lines(manifest), again(manifest);
    for (string line; std::getline(lines, line);)
        if (sizeof(real) == 4 && line.find("\"float32\": null") != string::npos) {
            const string file = quoted_after(line, "\"file\": ");
            double_only.insert(file.substr(0, file.rfind('/')));
        }
    for (string line; std::getline(again, line);) {  // a case a line
        if (line.rfind("\"config\": ", 0) == 0) return run_trace({golden, out, line}), 0;
        const string key = quoted_after(line, ""), kind = quoted_after(line, "\"kind\": ");
        if (kind.empty() || key.rfind(start, 0) || double_only.count(key)) continue;
        if (!kinds.count(kind)) fail(key + ": a kind that this port does not know, " + kind);
        const Case all = {golden, out, line.substr(line.find("\"settings\""))};
        kinds[kind](all.of(key.substr(0, key.find('/')), key.substr(key.find('/') + 1)));
    }
}
