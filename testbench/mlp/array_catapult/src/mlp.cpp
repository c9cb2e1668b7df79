// mlp for Siemens Catapult. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// hidden.matmul, hidden.add, relu.quantize (Keras layers hidden, relu): s9.6 = matmul(x, hidden.kernel); s9.6 = add(hidden.matmul, hidden.bias); u4.2 = quantize(hidden.add, to=u4.2)
static void compute_relu_quantize(const s4_3 x0[6], u4_2_half_even_saturate y[5]) {
  static_assert(qhls::frac<decltype(x0[0] * hidden_kernel[0])>() == qhls::frac<s9_6>(),
  "binary points of product and accumulator differ");
  #pragma hls_pipeline_init_interval 1
  compute_relu_quantize_rows: for (int r = 0; r < 1; ++r) {
    ac_int<9, true> sum[5];  // integers: product and accumulator share a binary point
    // sum: registers, by the memory threshold in build.tcl
    #pragma hls_unroll yes
    for (int j = 0; j < 5; ++j) {
      sum[j] = (ac_int<9, true>(qhls::bits(hidden_bias[j])) << 3);
    }
    #pragma hls_unroll yes
    for (int i = 0; i < 6; ++i) {
      const ac_int<4, true> x = qhls::bits(x0[i]);
      #pragma hls_unroll yes
      for (int j = 0; j < 5; ++j) {
        sum[j] += x * qhls::bits(hidden_kernel[i * 5 + j]);
      }
    }
    #pragma hls_unroll yes
    for (int j = 0; j < 5; ++j) {
      s9_6 r0 = qhls::with_bits<s9_6>(sum[j]);
      QHLS_TAP_ELEMENT(1, j, r0)
      y[j] = r0;
    }
  }
}

// scores: matmul, add (Keras layer scores): s10.5 = matmul(relu.quantize, scores.kernel); s9.5 = add(scores.matmul, scores.bias)
static void compute_scores_add(const u4_2_half_even_saturate x0[5], s9_5 y[3]) {
  static_assert(qhls::frac<decltype(x0[0] * scores_kernel[0])>() == qhls::frac<s10_5>(),
  "binary points of product and accumulator differ");
  #pragma hls_pipeline_init_interval 1
  compute_scores_add_rows: for (int r = 0; r < 1; ++r) {
    ac_int<9, true> sum[3];  // integers: product and accumulator share a binary point
    // sum: registers, by the memory threshold in build.tcl
    #pragma hls_unroll yes
    for (int j = 0; j < 3; ++j) {
      sum[j] = (ac_int<9, true>(qhls::bits(scores_bias[j])) << 2);
    }
    #pragma hls_unroll yes
    for (int i = 0; i < 5; ++i) {
      const ac_int<4, false> x = qhls::bits(x0[i]);
      #pragma hls_unroll yes
      for (int j = 0; j < 3; ++j) {
        sum[j] += x * qhls::bits(scores_kernel[i * 3 + j]);
      }
    }
    #pragma hls_unroll yes
    for (int j = 0; j < 3; ++j) {
      y[j] = qhls::with_bits<s9_5>(sum[j]);
    }
  }
}

static void store_result(const s9_5 x0[3], s9_5 y[3]) {
  #pragma hls_unroll yes
  store_result_elements: for (int i = 0; i < 3; ++i) {
    y[i] = x0[i];
  }
}

#pragma hls_design top
void CCS_BLOCK(mlp)(const s4_3 x[6], s9_5 result[3]) {
  QHLS_CALL(0)
  QHLS_BUFFER u4_2_half_even_saturate relu_quantize[5];
  // relu_quantize: registers, by the memory threshold in build.tcl
  compute_relu_quantize(x, relu_quantize);
  QHLS_TAP(2, relu_quantize, 5)
  QHLS_CALL(3)
  QHLS_BUFFER s9_5 scores_add[3];
  // scores_add: registers, by the memory threshold in build.tcl
  compute_scores_add(relu_quantize, scores_add);
  QHLS_TAP(4, scores_add, 3)
  store_result(scores_add, result);
}
