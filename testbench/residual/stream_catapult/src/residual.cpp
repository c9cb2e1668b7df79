// residual for Siemens Catapult. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// first.add (Keras layer first): s8.6 = add(first.conv, first.bias) with first.conv: s8.6, first.bias: s4.3
static void compute_first_add(const first_conv_type x0[2], first_add_type y[2]) {
  #pragma hls_unroll yes
  compute_first_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 2; ++i2) {
        y[i2] = x0[i2] + first_bias[i2];
      }
    }
  }
}

// relu.quantize (Keras layer relu): u4.2 = quantize(first.add, to=u4.2) with first.add: s8.6
static void compute_relu_quantize(const first_add_type x0[2], relu_quantize_type y[2]) {
  #pragma hls_unroll yes
  compute_relu_quantize_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 2; ++i2) {
        y[i2] = x0[i2];
      }
    }
  }
}

// second.add (Keras layer second): s8.5 = add(second.conv, second.bias) with second.conv: s8.5, second.bias: s3.2
static void compute_second_add(const second_conv_type x0[2], second_add_type y[2]) {
  #pragma hls_unroll yes
  compute_second_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 2; ++i2) {
        y[i2] = x0[i2] + second_bias[i2];
      }
    }
  }
}

// rounded.quantize (Keras layer rounded): u4.2 = quantize(second.add, to=u4.2) with second.add: s8.5
static void compute_rounded_quantize(const second_add_type x0[2], rounded_quantize_type y[2]) {
  #pragma hls_unroll yes
  compute_rounded_quantize_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 2; ++i2) {
        y[i2] = x0[i2];
      }
    }
  }
}

// skip.add (Keras layer skip): u4.2 = add(relu.quantize, rounded.quantize) with relu.quantize: u4.2, rounded.quantize: u4.2
static void compute_skip_add(const relu_quantize_type x0[2], const rounded_quantize_type x1[2], skip_add_type y[2]) {
  #pragma hls_unroll yes
  compute_skip_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 2; ++i2) {
        y[i2] = x0[i2] + x1[i2];
      }
    }
  }
}

// mean.shift (Keras layer mean): u7.6 = shift(mean.reshape, power=-4) with mean.reshape: u7.2
static void compute_mean_shift(const mean_pool_type x0[2], mean_shift_type y[2]) {
  #pragma hls_unroll yes
  compute_mean_shift_elements: for (int i0 = 0; i0 < 2; ++i0) {
    y[i0] = qhls::with_bits<mean_shift_type>(x0[i0]);
  }
}

// relu.quantize: 16 steps of s8.6 = conv(x, first.kernel) with x: s4.3, first.kernel: s4.3; then add(first.conv, first.bias); then quantize(first.add, to=u4.2)
#pragma hls_design
static void run_relu_quantize(ac_channel<qhls::Token<x_type, 2> >& in0, ac_channel<qhls::Token<relu_quantize_type, 2> >& out0) {
  static_assert(qhls::frac<decltype(x_type() * first_kernel[0])>() == qhls::frac<first_conv_type>(),
  "binary points of product and accumulator differ");
  // first_kernel_codes: one iteration reads 2 consecutive elements
  QHLS_BUFFER x_type window[2];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER x_type next[2];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  ac_int<8, true> total[2];
  // total: registers, by the memory threshold in build.tcl
  qhls::Token<first_conv_type, 2> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0;
  int step = 0;
  int g = 0;
  #pragma hls_pipeline_init_interval 1
  run_relu_quantize_cycles: for (int n = 0; n < 33; ++n) {
    if (t < 1 && step < 16) {
      const qhls::Token<x_type, 2> token = in0.read();
      #pragma hls_unroll yes
      for (int l = 0; l < 2; ++l) {
        const int k = t * 2 + l;
        next[0 + k] = token.data[l];
      }
    }
    if (complete) {
      ac_int<8, true> sum[2];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 2; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int i = 0; i < 1; ++i) {
        #pragma hls_unroll yes
        for (int j = 0; j < 1; ++j) {
          #pragma hls_unroll yes
          for (int s = 0; s < 1; ++s) {
            const ac_int<4, true> x = qhls::bits(window[g + s]);
            #pragma hls_unroll yes
            for (int p = 0; p < 2; ++p) {
              sum[p] += x * qhls::bits(first_kernel[g * 2 + p]);
            }
          }
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 2; ++p) {
        if (g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (g == 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < 2; ++p) {
          y_token.data[p] = qhls::with_bits<first_conv_type>(total[p]);
        }
        QHLS_TAP_TOKEN(0, 16, y_token)
        qhls::Token<first_add_type, 2> sent_1;
        compute_first_add(y_token.data, sent_1.data);
        QHLS_TAP_TOKEN(1, 16, sent_1)
        qhls::Token<relu_quantize_type, 2> sent_2;
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
        for (int k = 0; k < 2; ++k) {
          window[h * 2 + 0 + k] = next[h * 2 + k];
        }
      }
      ++step;
      complete = true;
    }
  }
}

// relu.quantize fork: copies each token to 2 readers
#pragma hls_design
static void run_relu_quantize_fork(ac_channel<qhls::Token<relu_quantize_type, 2> >& in0, ac_channel<qhls::Token<relu_quantize_type, 2> >& out0, ac_channel<qhls::Token<relu_quantize_type, 2> >& out1) {
  #pragma hls_pipeline_init_interval 1
  run_relu_quantize_fork_tokens: for (int t = 0; t < 16; ++t) {
    const qhls::Token<relu_quantize_type, 2> token = in0.read();
    out0.write(token);
    out1.write(token);
  }
}

// second.pad: u2.2 = pad(relu.quantize, widths=((1,1),(1,1),(0,0)))
#pragma hls_design
static void run_second_pad(ac_channel<qhls::Token<relu_quantize_type, 2> >& in0, ac_channel<qhls::Token<second_pad_type, 2> >& out0) {
  run_second_pad_tokens: for (int i0 = 0; i0 < 6; ++i0) {
    for (int i1 = 0; i1 < 6; ++i1) {
      #pragma hls_pipeline_init_interval 1
      for (int t = 0; t < 1; ++t) {
        qhls::Token<second_pad_type, 2> token;
        if (i0 >= 1 && i0 < 5 && i1 >= 1 && i1 < 5) {
          const qhls::Token<relu_quantize_type, 2> moved = in0.read();
          #pragma hls_unroll yes
          for (int l = 0; l < 2; ++l) {
            token.data[l] = moved.data[l];
          }
        } else {
          #pragma hls_unroll yes
          for (int l = 0; l < 2; ++l) {
            token.data[l] = second_pad_type(0.0);
          }
        }
        out0.write(token);
      }
    }
  }
}

// rounded.quantize: each window of 3 x 3 pixels: s8.5 = conv(second.pad, second.kernel) with second.pad: u2.2, second.kernel: s4.3; then add(second.conv, second.bias); then quantize(second.add, to=u4.2)
#pragma hls_design
static void run_rounded_quantize(ac_channel<qhls::Token<second_pad_type, 2> >& in0, ac_channel<qhls::Token<rounded_quantize_type, 2> >& out0) {
  static_assert(qhls::frac<decltype(second_pad_type() * second_kernel[0])>() == qhls::frac<second_conv_type>(),
  "binary points of product and accumulator differ");
  // second_kernel_codes: one iteration reads 18 consecutive elements
  QHLS_BUFFER second_pad_type lines[6][4];  // the rows above
  // lines: one word per token
  QHLS_BUFFER second_pad_type window[18];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER second_pad_type next[6];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  ac_int<8, true> total[2];
  // total: registers, by the memory threshold in build.tcl
  qhls::Token<second_conv_type, 2> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0;
  int step = 0;
  int g = 0;
  int c = 0, rows_left = 2, columns_left = 2;  // until a window ends
  #pragma hls_pipeline_init_interval 1
  run_rounded_quantize_cycles: for (int n = 0; n < 53; ++n) {
    if (t < 1 && step < 36) {
      const qhls::Token<second_pad_type, 2> token = in0.read();
      #pragma hls_unroll yes
      for (int l = 0; l < 2; ++l) {
        const int k = t * 2 + l;
        next[0 + k] = lines[c][0 + l];
        next[2 + k] = lines[c][2 + l];
        next[4 + k] = token.data[l];
        #pragma hls_unroll yes
        for (int h = 0; h < 1; ++h) {
          lines[c][h * 2 + l] = lines[c][(h + 1) * 2 + l];
        }
        lines[c][2 + l] = token.data[l];
      }
    }
    if (complete) {
      ac_int<8, true> sum[2];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 2; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int i = 0; i < 3; ++i) {
        #pragma hls_unroll yes
        for (int j = 0; j < 3; ++j) {
          #pragma hls_unroll yes
          for (int s = 0; s < 1; ++s) {
            const ac_int<2, false> x = qhls::bits(window[i * 6 + j * 2 + g + s]);
            #pragma hls_unroll yes
            for (int p = 0; p < 2; ++p) {
              sum[p] += x * qhls::bits(second_kernel[g * 18 + p * 9 + i * 3 + j]);
            }
          }
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 2; ++p) {
        if (g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (g == 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < 2; ++p) {
          y_token.data[p] = qhls::with_bits<second_conv_type>(total[p]);
        }
        QHLS_TAP_TOKEN(4, 16, y_token)
        qhls::Token<second_add_type, 2> sent_1;
        compute_second_add(y_token.data, sent_1.data);
        QHLS_TAP_TOKEN(5, 16, sent_1)
        qhls::Token<rounded_quantize_type, 2> sent_2;
        compute_rounded_quantize(sent_1.data, sent_2.data);
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
      for (int h = 0; h < 3; ++h) {
        #pragma hls_unroll yes
        for (int k = 0; k < 4; ++k) {
          window[h * 6 + k] = window[h * 6 + k + 2];
        }
      }
      #pragma hls_unroll yes
      for (int h = 0; h < 3; ++h) {
        #pragma hls_unroll yes
        for (int k = 0; k < 2; ++k) {
          window[h * 6 + 4 + k] = next[h * 2 + k];
        }
      }
      ++step;
      complete = rows_left == 0 && columns_left == 0;
      if (c == 5) {
        c = 0;
        columns_left = 2;
        rows_left = rows_left == 0 ? 0 : rows_left - 1;
      } else {
        ++c;
        columns_left = columns_left == 0 ? 0 : columns_left - 1;
      }
    }
  }
}

// skip.add: 16 steps of u4.2 = add(relu.quantize, rounded.quantize) with relu.quantize: u4.2, rounded.quantize: u4.2
#pragma hls_design
static void run_skip_add(ac_channel<qhls::Token<relu_quantize_type, 2> >& in0, ac_channel<qhls::Token<rounded_quantize_type, 2> >& in1, ac_channel<qhls::Token<skip_add_type, 2> >& out0) {
  #pragma hls_pipeline_init_interval 1
  run_skip_add_steps: for (int s = 0; s < 16; ++s) {
    const qhls::Token<relu_quantize_type, 2> x0_token = in0.read();
    const qhls::Token<rounded_quantize_type, 2> x1_token = in1.read();
    qhls::Token<skip_add_type, 2> y_token;
    compute_skip_add(x0_token.data, x1_token.data, y_token.data);
    out0.write(y_token);
  }
}

// mean.pool: sum of 16 pixels
#pragma hls_design
static void run_mean_pool(ac_channel<qhls::Token<skip_add_type, 2> >& in0, ac_channel<qhls::Token<mean_pool_type, 2> >& out0) {
  QHLS_BUFFER mean_pool_type sums[2];
  // sums: registers, by the memory threshold in build.tcl
  run_mean_pool_pixels: for (int i = 0; i < 16; ++i) {
    #pragma hls_pipeline_init_interval 1
    for (int t = 0; t < 1; ++t) {
      const qhls::Token<skip_add_type, 2> token = in0.read();
      qhls::Token<mean_pool_type, 2> y_token;
      #pragma hls_unroll yes
      for (int l = 0; l < 2; ++l) {
        const int k = t * 2 + l;
        mean_pool_type value = token.data[l];
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

// mean.shift: 1 step of u7.6 = shift(mean.reshape, power=-4) with mean.reshape: u7.2
#pragma hls_design
static void run_mean_shift(ac_channel<qhls::Token<mean_pool_type, 2> >& in0, ac_channel<qhls::Token<mean_shift_type, 2> >& out0) {
  const qhls::Token<mean_pool_type, 2> x0_token = in0.read();
  qhls::Token<mean_shift_type, 2> y_token;
  compute_mean_shift(x0_token.data, y_token.data);
  out0.write(y_token);
}

#pragma hls_design top
void CCS_BLOCK(residual)(ac_channel<qhls::Token<x_type, 2> >& x, ac_channel<qhls::Token<mean_shift_type, 2> >& result) {
  static ac_channel<qhls::Token<relu_quantize_type, 2> > relu_quantize;
  static ac_channel<qhls::Token<relu_quantize_type, 2> > relu_quantize_to_second_pad;
  static ac_channel<qhls::Token<relu_quantize_type, 2> > relu_quantize_to_skip_add;
  static ac_channel<qhls::Token<second_pad_type, 2> > second_pad;
  static ac_channel<qhls::Token<rounded_quantize_type, 2> > rounded_quantize;
  static ac_channel<qhls::Token<skip_add_type, 2> > skip_add;
  static ac_channel<qhls::Token<mean_pool_type, 2> > mean_pool;
  run_relu_quantize(x, relu_quantize);
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
  run_mean_shift(mean_pool, result);
  QHLS_TAP_TOKENS(9, result, 1)
}
