// C test bench of residual: reads stimuli, expected outputs and the expected result of every layer from a
// folder (argument 1, default tb_data), compares bit for bit, names the first op that differs.
// Returns 0 when all vectors agree, 1 on a mismatch, 2 when the data cannot be read.
#include "../src/top.h"
#include <cstdio>
#include <string>
#include <vector>

typedef std::vector<std::vector<long long> > Vectors;

struct Tensor {
  const char* file;
  const char* name;   // op
  const char* layer;  // Keras layer
  int size;
  int frac;
};
static const Tensor inputs[] = {
  {"input_0.dat", "x", "", 32, 3},
};
static const Tensor outputs[] = {
  {"output_0.dat", "mean.shift", "mean", 2, 6},
};
#ifdef QHLS_TAPS
static const Tensor taps[] = {
  {"", "first.conv", "first", 32, 6},
  {"tap_1.dat", "first.add", "first", 32, 6},
  {"tap_2.dat", "relu.quantize", "relu", 32, 2},
  {"", "second.conv", "second", 32, 5},
  {"tap_4.dat", "second.add", "second", 32, 5},
  {"tap_5.dat", "rounded.quantize", "rounded", 32, 2},
  {"tap_6.dat", "skip.add", "skip", 32, 2},
  {"tap_7.dat", "mean.pool", "mean", 2, 2},
  {"tap_8.dat", "mean.shift", "mean", 2, 6},
  {"", "", "", 0, 0}};
static const int TAPS = 9;
#endif

// One vector per line; every vector must be whole.
static bool read(const std::string& folder, const Tensor& tensor, Vectors& vectors) {
  const std::string path = folder + "/" + tensor.file;
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (!file) {
    std::printf("ERROR: expected the file %s. Give the data folder as argument 1.\n", path.c_str());
    return false;
  }
  std::vector<long long> vector;
  long long code;
  int found;
  while ((found = std::fscanf(file, "%lld", &code)) == 1) {
    vector.push_back(code);
    if (static_cast<int>(vector.size()) == tensor.size) {
      vectors.push_back(vector);
      vector.clear();
    }
  }
  std::fclose(file);
  if (found != EOF || !vector.empty()) {
    std::printf("ERROR: %s: expected integers, %d per vector, got something else after vector %d\n", path.c_str(),
                tensor.size, static_cast<int>(vectors.size()));
    return false;
  }
  return true;
}

static double value(long long code, int frac) {
  double scaled = static_cast<double>(code);
  for (; frac > 0; --frac) scaled /= 2;
  for (; frac < 0; ++frac) scaled *= 2;
  return scaled;
}

static long long compared = 0, mismatches = 0;

static void compare(const Tensor& tensor, int sample, int element, long long expected, long long received) {
  ++compared;
  if (expected == received || mismatches++ > 0) return;
  std::printf("MISMATCH: vector %d, op %s%s%s, element %d: expected code %lld (%g), got %lld (%g)\n", sample, tensor.name,
              *tensor.layer ? ", Keras layer " : "", tensor.layer, element, expected, value(expected, tensor.frac),
              received, value(received, tensor.frac));
}

#ifdef QHLS_TAPS
static std::vector<Vectors> expected_taps;
static int current = 0;
static void check_tap(int op, int element, long long code) {
  compare(taps[op], current, element, expected_taps[op][current][element], code);
}
#endif

CCS_MAIN(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "tb_data";
  std::vector<Vectors> stimuli(1), expected(1);
  for (int i = 0; i < 1; ++i)
    if (!read(folder, inputs[i], stimuli[i])) return 2;
  for (int i = 0; i < 1; ++i)
    if (!read(folder, outputs[i], expected[i])) return 2;
  const int samples = static_cast<int>(stimuli[0].size());
  bool complete = samples > 0;
  for (size_t i = 0; i < stimuli.size(); ++i) complete = complete && static_cast<int>(stimuli[i].size()) == samples;
  for (size_t i = 0; i < expected.size(); ++i) complete = complete && static_cast<int>(expected[i].size()) == samples;
#ifdef QHLS_TAPS
  expected_taps.resize(TAPS);
  for (int i = 0; i < TAPS; ++i) {
    if (!*taps[i].file) continue;
    if (!read(folder, taps[i], expected_taps[i])) return 2;
    complete = complete && static_cast<int>(expected_taps[i].size()) == samples;
  }
  qhls::sink() = check_tap;
#endif
  if (!complete) {
    std::printf("ERROR: %s: expected at least one vector, and equally many in every file\n", folder.c_str());
    return 2;
  }
  for (int sample = 0; sample < samples; ++sample) {
    static s4_3 x[32];
    static u7_6 result[2];
    for (int i = 0; i < 32; ++i)
      x[i] = qhls::from_code<s4_3>(stimuli[0][sample][i]);
#ifdef QHLS_TAPS
    current = sample;
#endif
    CCS_DESIGN(residual)(x, result);
    for (int i = 0; i < 2; ++i)
      compare(outputs[0], sample, i, expected[0][sample][i], qhls::to_code(result[i]));
  }
  std::printf("%s: residual, %d vectors, %lld codes compared, %lld mismatches\n", mismatches ? "FAIL" : "PASS",
              samples, compared, mismatches);
  CCS_RETURN(mismatches ? 1 : 0);
}
