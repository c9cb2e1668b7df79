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
  static qhls::Port<s4_3, 2> x;
  static qhls::Port<s10_5, 3> result;
  for (long long sample = 0; sample < samples; ++sample) {
#ifdef QHLS_TAPS
    g_sample = sample;
#endif
    for (int first = 0; first < 32; first += 2) {
      qhls::Token<s4_3, 2> token;
      for (int i = first; i < first + 2; ++i)
        token.data[i - first] = qhls::from_code<s4_3>(inputs[0][sample * 32 + i]);
      x.write(qhls::pack(token, first + 2 == 32));
    }
    cnn(x, result);
    for (int first = 0; first < 3; first += 3) {
      const qhls::Packet<s10_5, 3> packet = result.read();
      const qhls::Token<s10_5, 3> token = qhls::unpack<s10_5, 3>(packet);
      for (int i = first; i < first + 3; ++i)
        outputs[0][sample * 3 + i] = qhls::to_code(token.data[i - first]);
    }
  }
}
