// mlp for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// hidden.matmul, hidden.add, relu.quantize (Keras layers hidden, relu): s9.6 = matmul(x, hidden.kernel); s9.6 = add(hidden.matmul, hidden.bias); u4.2 = quantize(hidden.add, to=u4.2)
static void compute_relu_quantize(const s4_3 x0[6], u4_2_half_even_saturate y[5]) {
  #pragma HLS ARRAY_PARTITION variable=hidden_bias_codes type=complete
  static_assert(qhls::frac<decltype(x0[0] * hidden_kernel[0])>() == qhls::frac<s9_6>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_PARTITION variable=hidden_kernel_codes type=complete
  #pragma HLS PIPELINE II=1
  ap_int<9> sum[5];  // integers: product and accumulator share a binary point
  #pragma HLS ARRAY_PARTITION variable=sum type=complete
  for (int j = 0; j < 5; ++j) {
    #pragma HLS UNROLL
    sum[j] = (ap_int<9>(qhls::bits(hidden_bias[j])) << 3);
  }
  for (int i = 0; i < 6; ++i) {
    #pragma HLS UNROLL
    const ap_int<4> x = qhls::bits(x0[i]);
    for (int j = 0; j < 5; ++j) {
      #pragma HLS UNROLL
      sum[j] += x * qhls::bits(hidden_kernel[i * 5 + j]);
    }
  }
  for (int j = 0; j < 5; ++j) {
    #pragma HLS UNROLL
    s9_6 r0 = qhls::with_bits<s9_6>(sum[j]);
    QHLS_TAP_ELEMENT(1, j, r0)
    y[j] = r0;
  }
}

// scores: matmul, add (Keras layer scores): s10.5 = matmul(relu.quantize, scores.kernel); s9.5 = add(scores.matmul, scores.bias)
static void compute_scores_add(const u4_2_half_even_saturate x0[5], s9_5 y[3]) {
  #pragma HLS ARRAY_PARTITION variable=scores_bias_codes type=complete
  static_assert(qhls::frac<decltype(x0[0] * scores_kernel[0])>() == qhls::frac<s10_5>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_PARTITION variable=scores_kernel_codes type=complete
  #pragma HLS PIPELINE II=1
  ap_int<9> sum[3];  // integers: product and accumulator share a binary point
  #pragma HLS ARRAY_PARTITION variable=sum type=complete
  for (int j = 0; j < 3; ++j) {
    #pragma HLS UNROLL
    sum[j] = (ap_int<9>(qhls::bits(scores_bias[j])) << 2);
  }
  for (int i = 0; i < 5; ++i) {
    #pragma HLS UNROLL
    const ap_uint<4> x = qhls::bits(x0[i]);
    for (int j = 0; j < 3; ++j) {
      #pragma HLS UNROLL
      sum[j] += x * qhls::bits(scores_kernel[i * 3 + j]);
    }
  }
  for (int j = 0; j < 3; ++j) {
    #pragma HLS UNROLL
    y[j] = qhls::with_bits<s9_5>(sum[j]);
  }
}

static void store_result(const s9_5 x0[3], s9_5 y[3]) {
  store_result_elements: for (int i = 0; i < 3; ++i) {
    #pragma HLS UNROLL
    y[i] = x0[i];
  }
}

void mlp(const s4_3 x[6], s9_5 result[3]) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=ap_none port=x
  #pragma HLS ARRAY_PARTITION variable=x type=complete
  #pragma HLS INTERFACE mode=ap_vld port=result
  #pragma HLS ARRAY_PARTITION variable=result type=complete
  #pragma HLS DATAFLOW
  QHLS_CALL(0)
  QHLS_BUFFER u4_2_half_even_saturate relu_quantize[5];
  #pragma HLS ARRAY_PARTITION variable=relu_quantize type=complete
  compute_relu_quantize(x, relu_quantize);
  QHLS_TAP(2, relu_quantize, 5)
  QHLS_CALL(3)
  QHLS_BUFFER s9_5 scores_add[3];
  #pragma HLS ARRAY_PARTITION variable=scores_add type=complete
  compute_scores_add(relu_quantize, scores_add);
  QHLS_TAP(4, scores_add, 3)
  store_result(scores_add, result);
}
