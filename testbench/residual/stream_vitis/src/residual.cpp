// residual for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// skip.add (Keras layer skip): u4.2 = add(relu.quantize, rounded.quantize)
static void compute_skip_add(const u4_2_half_even_saturate x0[2], const u4_2_half_even_saturate x1[2], u4_2 y[2]) {
  compute_skip_add_elements: for (int i2 = 0; i2 < 2; ++i2) {
    #pragma HLS UNROLL
    y[i2] = x0[i2] + x1[i2];
  }
}

// mean.shift (Keras layer mean): u7.6 = shift(mean.reshape, power=-4)
static void compute_mean_shift(const u7_2 x0[2], u7_6 y[2]) {
  compute_mean_shift_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = qhls::with_bits<u7_6>(x0[i0]);
  }
}

// relu.quantize: 16 steps of s8.6 = conv(x, first.kernel)
struct relu_quantize_product : qhls::Product {
  static const int cycles = 33, steps = 16, longest = 2, tokens = 16, tapped = 1, channels = 2, g = 2, filters = 2;
  // then first.add, relu.quantize
  static void finish(const s8_6 x0[2], u4_2_half_even_saturate y[2], int) {
    #pragma HLS ARRAY_PARTITION variable=first_bias_codes type=complete
    for (int i2 = 0; i2 < 2; ++i2) {
      #pragma HLS UNROLL
      s8_6 r0 = x0[i2] + first_bias[i2];
      QHLS_TAP_ELEMENT(0, i2, r0)
      y[i2] = r0;
    }
  }
};
static void run_relu_quantize(qhls::Stream<s4_3, 2>& in0, qhls::Stream<u4_2_half_even_saturate, 2>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=first_kernel_codes type=cyclic factor=2
  qhls::multiply<relu_quantize_product, s8_6>(in0, out0, first_kernel);
}

// relu.quantize fork: copies each token to 2 readers
static void run_relu_quantize_fork(qhls::Stream<u4_2_half_even_saturate, 2>& in0, qhls::Stream<u4_2_half_even_saturate, 2>& out0, qhls::Stream<u4_2_half_even_saturate, 2>& out1) {
  run_relu_quantize_fork_tokens: for (int t = 0; t < 16; ++t) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<u4_2_half_even_saturate, 2> token = in0.read();
    out0.write(token);
    out1.write(token);
  }
}

// second.pad: u2.2 = pad(relu.quantize, widths=((1,1),(1,1),(0,0)))
static void run_second_pad(qhls::Stream<u4_2_half_even_saturate, 2>& in0, qhls::Stream<u2_2, 2>& out0) {
  run_second_pad_tokens: for (int i0 = 0; i0 < 6; ++i0) {
    for (int i1 = 0; i1 < 6; ++i1) {
      #pragma HLS PIPELINE II=1
      qhls::Token<u2_2, 2> token;
      if (i0 >= 1 && i0 < 5 && i1 >= 1 && i1 < 5) {
        qhls::copy(in0.read().data, token.data);
      } else {
        qhls::fill(token.data, u2_2(0.0));
      }
      out0.write(token);
    }
  }
}

// rounded.quantize: each window of 3 x 3 pixels: s8.5 = conv(second.pad, second.kernel)
struct rounded_quantize_product : qhls::Product {
  static const int cycles = 53, steps = 36, longest = 2, op = 4, tokens = 16, tapped = 1, height = 3, right = 3, channels = 2, image = 6, down = 3, slides = 1, g = 2, rows = 3, columns = 3, filters = 2, row_step = 6, column_step = 2;
  // then second.add, rounded.quantize
  static void finish(const s8_5 x0[2], u4_2_half_even_saturate y[2], int) {
    #pragma HLS ARRAY_PARTITION variable=second_bias_codes type=complete
    for (int i2 = 0; i2 < 2; ++i2) {
      #pragma HLS UNROLL
      s8_5 r0 = x0[i2] + second_bias[i2];
      QHLS_TAP_ELEMENT(0, i2, r0)
      y[i2] = r0;
    }
  }
};
static void run_rounded_quantize(qhls::Stream<u2_2, 2>& in0, qhls::Stream<u4_2_half_even_saturate, 2>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=second_kernel_codes type=cyclic factor=18
  QHLS_BUFFER u2_2 lines[6][4];
  #pragma HLS DEPENDENCE variable=lines type=inter direction=RAW distance=6 dependent=true
  #pragma HLS BIND_STORAGE variable=lines type=ram_2p impl=lutram
  qhls::multiply<rounded_quantize_product, s8_5>(in0, out0, second_kernel, lines);
}

// skip.add: 16 steps of compute_skip_add
static void run_skip_add(qhls::Stream<u4_2_half_even_saturate, 2>& in0, qhls::Stream<u4_2_half_even_saturate, 2>& in1, qhls::Stream<u4_2, 2>& out0) {
  run_skip_add_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<u4_2_half_even_saturate, 2> x0_token = in0.read();
    const qhls::Token<u4_2_half_even_saturate, 2> x1_token = in1.read();
    qhls::Token<u4_2, 2> y_token;
    compute_skip_add(x0_token.data, x1_token.data, y_token.data);
    out0.write(y_token);
  }
}

// mean.pool: sum of 16 pixels
static void run_mean_pool(qhls::Stream<u4_2, 2>& in0, qhls::Stream<u7_2, 2>& out0) {
  QHLS_BUFFER u7_2 sums[2];
  #pragma HLS ARRAY_PARTITION variable=sums type=complete
  run_mean_pool_pixels: for (int i = 0; i < 16; ++i) {
    for (int t = 0; t < 1; ++t) {
      #pragma HLS PIPELINE II=1
      const qhls::Token<u4_2, 2> token = in0.read();
      qhls::Token<u7_2, 2> y_token;
      for (int l = 0; l < 2; ++l) {
        #pragma HLS UNROLL
        const int k = t * 2 + l;
        u7_2 value = token.data[l];
        if (i > 0) {
          value += sums[k];
        }
        sums[k] = value;
        y_token.data[l] = value;
      }
      if (i == 15) {
        out0.write(y_token);
      }
    }
  }
}

// mean.shift: 1 step of compute_mean_shift
static void run_mean_shift(qhls::Stream<u7_2, 2>& in0, qhls::Stream<u7_6, 2>& out0) {
  const qhls::Token<u7_2, 2> x0_token = in0.read();
  qhls::Token<u7_6, 2> y_token;
  compute_mean_shift(x0_token.data, y_token.data);
  out0.write(y_token);
}

void residual(qhls::Port<s4_3, 2>& x, qhls::Port<u7_6, 2>& result) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=axis port=x
  #pragma HLS INTERFACE mode=axis port=result
  #pragma HLS DATAFLOW
  qhls::Stream<u4_2_half_even_saturate, 2> relu_quantize("relu_quantize");
  #pragma HLS STREAM variable=relu_quantize depth=2
  qhls::Stream<u4_2_half_even_saturate, 2> relu_quantize_to_second_pad("relu_quantize_to_second_pad");
  #pragma HLS STREAM variable=relu_quantize_to_second_pad depth=2
  qhls::Stream<u4_2_half_even_saturate, 2> relu_quantize_to_skip_add("relu_quantize_to_skip_add");
  #pragma HLS STREAM variable=relu_quantize_to_skip_add depth=9
  qhls::Stream<u2_2, 2> second_pad("second_pad");
  #pragma HLS STREAM variable=second_pad depth=2
  qhls::Stream<u4_2_half_even_saturate, 2> rounded_quantize("rounded_quantize");
  #pragma HLS STREAM variable=rounded_quantize depth=2
  qhls::Stream<u4_2, 2> skip_add("skip_add");
  #pragma HLS STREAM variable=skip_add depth=2
  qhls::Stream<u7_2, 2> mean_pool("mean_pool");
  #pragma HLS STREAM variable=mean_pool depth=2
  qhls::Stream<s4_3, 2> x_tokens("x_tokens");
  #pragma HLS STREAM variable=x_tokens depth=2
  qhls::Stream<u7_6, 2> result_tokens("result_tokens");
  #pragma HLS STREAM variable=result_tokens depth=2
  qhls::receive<16>(x, x_tokens);
  run_relu_quantize(x_tokens, relu_quantize);
  QHLS_TAP_TOKENS(2, relu_quantize, 16)
  run_relu_quantize_fork(relu_quantize, relu_quantize_to_second_pad, relu_quantize_to_skip_add);
  run_second_pad(relu_quantize_to_second_pad, second_pad);
  QHLS_TAP_TOKENS(3, second_pad, 36)
  run_rounded_quantize(second_pad, rounded_quantize);
  QHLS_TAP_TOKENS(6, rounded_quantize, 16)
  run_skip_add(relu_quantize_to_skip_add, rounded_quantize, skip_add);
  QHLS_TAP_TOKENS(7, skip_add, 16)
  run_mean_pool(skip_add, mean_pool);
  QHLS_TAP_TOKENS(8, mean_pool, 1)
  run_mean_shift(mean_pool, result_tokens);
  QHLS_TAP_TOKENS(9, result_tokens, 1)
  qhls::send<1>(result_tokens, result);
}
