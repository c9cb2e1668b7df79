// Runs cnn on batches of integer codes; called from Python. Not part of the synthesised design.
#include "top.h"
#ifdef QHLS_TAPS
static long long* const* g_taps = 0;
static long long g_sample = 0;
static const int g_sizes[] = {48, 48, 48, 12, 3, 3, 0};
static void record(int op, int element, long long code) {
  if (g_taps[op]) g_taps[op][g_sample * g_sizes[op] + element] = code;
}
extern "C" void qhls_set_taps(long long* const* taps) {
  g_taps = taps;
  qhls::sink() = taps ? record : 0;
}
#endif
extern "C" void qhls_run(const long long* const* inputs, long long* const* outputs, long long samples) {
  static s4_3 x[32];
  static s10_5 result[3];
  for (long long sample = 0; sample < samples; ++sample) {
#ifdef QHLS_TAPS
    g_sample = sample;
#endif
    for (int i = 0; i < 32; ++i)
      x[i] = qhls::from_code<s4_3>(inputs[0][sample * 32 + i]);
    cnn(x, result);
    for (int i = 0; i < 3; ++i)
      outputs[0][sample * 3 + i] = qhls::to_code(result[i]);
  }
}
