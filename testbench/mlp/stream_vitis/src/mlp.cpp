// mlp for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// scores.matmul (Keras layer scores): s10.5 = matmul(relu.quantize, scores.kernel)
static void compute_scores_matmul(const u4_2_half_even_saturate x0[5], s10_5 y[3]) {
  static_assert(qhls::frac<decltype(x0[0] * scores_kernel[0])>() == qhls::frac<s10_5>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_RESHAPE variable=scores_kernel_codes type=cyclic factor=9
  ap_int<10> total[3];
  #pragma HLS ARRAY_PARTITION variable=total type=complete
  compute_scores_matmul_r: for (int r = 0; r < 1; ++r) {
    compute_scores_matmul_tiles_g: for (int g = 0; g < 2; ++g) {
      #pragma HLS PIPELINE II=1
      ap_int<10> sum[3];  // integers: product and accumulator share a binary point
      #pragma HLS ARRAY_PARTITION variable=sum type=complete
      for (int p = 0; p < 3; ++p) {
        #pragma HLS UNROLL
        sum[p] = 0;
      }
      for (int s = 0; s < 3; ++s) {
        #pragma HLS UNROLL
        ap_uint<4> x = 0;
        if (g * 3 + s < 5) x = qhls::bits(x0[g * 3 + s]);
        for (int p = 0; p < 3; ++p) {
          #pragma HLS UNROLL
          sum[p] += x * qhls::bits(scores_kernel[g * 9 + p * 3 + s]);
        }
      }
      for (int p = 0; p < 3; ++p) {
        #pragma HLS UNROLL
        if (g == 0) total[p] = 0;
        total[p] += sum[p];
        if (g == 1) {
          y[p] = qhls::with_bits<s10_5>(total[p]);
        }
      }
    }
  }
}

// scores.add (Keras layer scores): s9.5 = add(scores.matmul, scores.bias)
static void compute_scores_add(const s10_5 x0[3], s9_5 y[3]) {
  #pragma HLS ARRAY_PARTITION variable=scores_bias_codes type=complete
  compute_scores_add_elements: for (int i0 = 0; i0 < 3; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0] + scores_bias[i0];
  }
}

// relu.quantize: 1 step of s9.6 = matmul(x, hidden.kernel)
struct relu_quantize_product : qhls::Product {
  static const int cycles = 3, steps = 1, longest = 2, tokens = 1, tapped = 1, channels = 6, g = 2, depth = 3, filters = 5;
  // then hidden.add, relu.quantize
  static void finish(const s9_6 x0[5], u4_2_half_even_saturate y[5], int) {
    #pragma HLS ARRAY_PARTITION variable=hidden_bias_codes type=complete
    for (int i0 = 0; i0 < 5; ++i0) {
      #pragma HLS UNROLL
      s9_6 r0 = x0[i0] + hidden_bias[i0];
      QHLS_TAP_ELEMENT(0, i0, r0)
      y[i0] = r0;
    }
  }
};
static void run_relu_quantize(qhls::Stream<s4_3, 6>& in0, qhls::Stream<u4_2_half_even_saturate, 5>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=hidden_kernel_codes type=cyclic factor=15
  qhls::multiply<relu_quantize_product, s9_6>(in0, out0, hidden_kernel);
}

// scores.add: 1 step of compute_scores_matmul, then scores.add
static void run_scores_add(qhls::Stream<u4_2_half_even_saturate, 5>& in0, qhls::Stream<s9_5, 3>& out0) {
  const qhls::Token<u4_2_half_even_saturate, 5> x0_token = in0.read();
  qhls::Token<s10_5, 3> y_token;
  compute_scores_matmul(x0_token.data, y_token.data);
  QHLS_TAP_TOKEN(3, 1, y_token)
  qhls::Token<s9_5, 3> sent;
  compute_scores_add(y_token.data, sent.data);
  out0.write(sent);
}

void mlp(qhls::Port<s4_3, 6>& x, qhls::Port<s9_5, 3>& result) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=axis port=x
  #pragma HLS INTERFACE mode=axis port=result
  #pragma HLS DATAFLOW
  qhls::Stream<u4_2_half_even_saturate, 5> relu_quantize("relu_quantize");
  #pragma HLS STREAM variable=relu_quantize depth=2
  qhls::Stream<s4_3, 6> x_tokens("x_tokens");
  #pragma HLS STREAM variable=x_tokens depth=2
  qhls::Stream<s9_5, 3> result_tokens("result_tokens");
  #pragma HLS STREAM variable=result_tokens depth=2
  qhls::receive<1>(x, x_tokens);
  run_relu_quantize(x_tokens, relu_quantize);
  QHLS_TAP_TOKENS(2, relu_quantize, 1)
  run_scores_add(relu_quantize, result_tokens);
  QHLS_TAP_TOKENS(4, result_tokens, 1)
  qhls::send<1>(result_tokens, result);
}
