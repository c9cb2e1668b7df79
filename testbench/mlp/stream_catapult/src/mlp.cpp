// mlp for Siemens Catapult. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// hidden.add (Keras layer hidden): s9.6 = add(hidden.matmul, hidden.bias) with hidden.matmul: s9.6, hidden.bias: s4.3
static void compute_hidden_add(const hidden_matmul_type x0[5], hidden_add_type y[5]) {
  #pragma hls_unroll yes
  compute_hidden_add_elements: for (int i0 = 0; i0 < 5; ++i0) {
    y[i0] = x0[i0] + hidden_bias[i0];
  }
}

// relu.quantize (Keras layer relu): u4.2 = quantize(hidden.add, to=u4.2) with hidden.add: s9.6
static void compute_relu_quantize(const hidden_add_type x0[5], relu_quantize_type y[5]) {
  #pragma hls_unroll yes
  compute_relu_quantize_elements: for (int i0 = 0; i0 < 5; ++i0) {
    y[i0] = x0[i0];
  }
}

// scores.matmul (Keras layer scores): s10.5 = matmul(relu.quantize, scores.kernel) with relu.quantize: u4.2, scores.kernel: s4.3
static void compute_scores_matmul(const relu_quantize_type x0[5], scores_matmul_type y[3]) {
  static_assert(qhls::frac<decltype(x0[0] * scores_kernel[0])>() == qhls::frac<scores_matmul_type>(),
  "binary points of product and accumulator differ");
  // scores_kernel_codes: one iteration reads 9 consecutive elements
  ac_int<10, true> total[3];
  // total: registers, by the memory threshold in build.tcl
  compute_scores_matmul_r: for (int r = 0; r < 1; ++r) {
    #pragma hls_pipeline_init_interval 1
    compute_scores_matmul_tiles_g: for (int g = 0; g < 2; ++g) {
      ac_int<10, true> sum[3];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int s = 0; s < 3; ++s) {
        ac_int<4, false> x = 0;
        if (g * 3 + s < 5) x = qhls::bits(x0[g * 3 + s]);
        #pragma hls_unroll yes
        for (int p = 0; p < 3; ++p) {
          sum[p] += x * qhls::bits(scores_kernel[g * 9 + p * 3 + s]);
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        if (g == 0) total[p] = 0;
        total[p] += sum[p];
        if (g == 1) {
          y[p] = qhls::with_bits<scores_matmul_type>(total[p]);
        }
      }
    }
  }
}

// scores.add (Keras layer scores): s9.5 = add(scores.matmul, scores.bias) with scores.matmul: s10.5, scores.bias: s4.3
static void compute_scores_add(const scores_matmul_type x0[3], scores_add_type y[3]) {
  #pragma hls_unroll yes
  compute_scores_add_elements: for (int i0 = 0; i0 < 3; ++i0) {
    y[i0] = x0[i0] + scores_bias[i0];
  }
}

// relu.quantize: 1 step of s9.6 = matmul(x, hidden.kernel) with x: s4.3, hidden.kernel: s4.3; then add(hidden.matmul, hidden.bias); then quantize(hidden.add, to=u4.2)
#pragma hls_design
static void run_relu_quantize(ac_channel<qhls::Token<x_type, 6> >& in0, ac_channel<qhls::Token<relu_quantize_type, 5> >& out0) {
  static_assert(qhls::frac<decltype(x_type() * hidden_kernel[0])>() == qhls::frac<hidden_matmul_type>(),
  "binary points of product and accumulator differ");
  // hidden_kernel_codes: one iteration reads 15 consecutive elements
  QHLS_BUFFER x_type window[6];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER x_type next[6];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  ac_int<9, true> total[5];
  // total: registers, by the memory threshold in build.tcl
  qhls::Token<hidden_matmul_type, 5> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0;
  int step = 0;
  int g = 0;
  #pragma hls_pipeline_init_interval 1
  run_relu_quantize_cycles: for (int n = 0; n < 3; ++n) {
    if (t < 1 && step < 1) {
      const qhls::Token<x_type, 6> token = in0.read();
      #pragma hls_unroll yes
      for (int l = 0; l < 6; ++l) {
        const int k = t * 6 + l;
        next[0 + k] = token.data[l];
      }
    }
    if (complete) {
      ac_int<9, true> sum[5];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 5; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int s = 0; s < 3; ++s) {
        const ac_int<4, true> x = qhls::bits(window[g * 3 + s]);
        #pragma hls_unroll yes
        for (int p = 0; p < 5; ++p) {
          sum[p] += x * qhls::bits(hidden_kernel[g * 15 + p * 3 + s]);
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 5; ++p) {
        if (g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (g == 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < 5; ++p) {
          y_token.data[p] = qhls::with_bits<hidden_matmul_type>(total[p]);
        }
        QHLS_TAP_TOKEN(0, 1, y_token)
        qhls::Token<hidden_add_type, 5> sent_1;
        compute_hidden_add(y_token.data, sent_1.data);
        QHLS_TAP_TOKEN(1, 1, sent_1)
        qhls::Token<relu_quantize_type, 5> sent_2;
        compute_relu_quantize(sent_1.data, sent_2.data);
        out0.write(sent_2);
      }
      if (++g == 2) {
        g = 0;
      }
    }
    if (t < (complete ? 1 : 0)) {
      ++t;
    } else {
      t = 0;
      #pragma hls_unroll yes
      for (int h = 0; h < 1; ++h) {
        #pragma hls_unroll yes
        for (int k = 0; k < 6; ++k) {
          window[h * 6 + 0 + k] = next[h * 6 + k];
        }
      }
      ++step;
      complete = true;
    }
  }
}

// scores.add: 1 step of s10.5 = matmul(relu.quantize, scores.kernel) with relu.quantize: u4.2, scores.kernel: s4.3; then add(scores.matmul, scores.bias)
#pragma hls_design
static void run_scores_add(ac_channel<qhls::Token<relu_quantize_type, 5> >& in0, ac_channel<qhls::Token<scores_add_type, 3> >& out0) {
  const qhls::Token<relu_quantize_type, 5> x0_token = in0.read();
  qhls::Token<scores_matmul_type, 3> y_token;
  compute_scores_matmul(x0_token.data, y_token.data);
  QHLS_TAP_TOKEN(3, 1, y_token)
  qhls::Token<scores_add_type, 3> sent_1;
  compute_scores_add(y_token.data, sent_1.data);
  out0.write(sent_1);
}

#pragma hls_design top
void CCS_BLOCK(mlp)(ac_channel<qhls::Token<x_type, 6> >& x, ac_channel<qhls::Token<scores_add_type, 3> >& result) {
  static ac_channel<qhls::Token<relu_quantize_type, 5> > relu_quantize;
  run_relu_quantize(x, relu_quantize);
  QHLS_TAP_TOKENS(2, relu_quantize, 1)
  run_scores_add(relu_quantize, result);
  QHLS_TAP_TOKENS(4, result, 1)
}
