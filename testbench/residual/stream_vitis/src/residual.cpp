// residual for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// first.conv (Keras layer first): s8.6 = conv(x, first.kernel) with x: s4.3, first.kernel: s4.3
static void compute_first_conv(const x_type x0[2], first_conv_type y[2]) {
  static_assert(qhls::frac<decltype(x0[0] * first_kernel[0])>() == qhls::frac<first_conv_type>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_RESHAPE variable=first_kernel_codes type=cyclic factor=2
  ap_int<8> total[2];
  #pragma HLS ARRAY_PARTITION variable=total type=complete
  compute_first_conv_r: for (int r = 0; r < 1; ++r) {
    compute_first_conv_c: for (int c = 0; c < 1; ++c) {
      compute_first_conv_tiles_g: for (int g = 0; g < 2; ++g) {
        #pragma HLS PIPELINE II=1
        ap_int<8> sum[2];  // integers: product and accumulator share a binary point
        #pragma HLS ARRAY_PARTITION variable=sum type=complete
        for (int p = 0; p < 2; ++p) {
          #pragma HLS UNROLL
          sum[p] = 0;
        }
        for (int i = 0; i < 1; ++i) {
          #pragma HLS UNROLL
          for (int j = 0; j < 1; ++j) {
            #pragma HLS UNROLL
            for (int s = 0; s < 1; ++s) {
              #pragma HLS UNROLL
              const ap_int<4> x = qhls::bits(x0[g + s]);
              for (int p = 0; p < 2; ++p) {
                #pragma HLS UNROLL
                sum[p] += x * qhls::bits(first_kernel[g * 2 + p]);
              }
            }
          }
        }
        for (int p = 0; p < 2; ++p) {
          #pragma HLS UNROLL
          if (g == 0) total[p] = 0;
          total[p] += sum[p];
          if (g == 1) {
            y[p] = qhls::with_bits<first_conv_type>(total[p]);
          }
        }
      }
    }
  }
}

// first.add (Keras layer first): s8.6 = add(first.conv, first.bias) with first.conv: s8.6, first.bias: s4.3
static void compute_first_add(const first_conv_type x0[2], first_add_type y[2]) {
  #pragma HLS ARRAY_PARTITION variable=first_bias_codes type=complete
  compute_first_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i2] = x0[i2] + first_bias[i2];
      }
    }
  }
}

// relu.quantize (Keras layer relu): u4.2 = quantize(first.add, to=u4.2) with first.add: s8.6
static void compute_relu_quantize(const first_add_type x0[2], relu_quantize_type y[2]) {
  compute_relu_quantize_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i2] = x0[i2];
      }
    }
  }
}

// second.conv (Keras layer second): s8.5 = conv(second.pad, second.kernel) with second.pad: u2.2, second.kernel: s4.3
static void compute_second_conv(const second_pad_type x0[18], second_conv_type y[2]) {
  static_assert(qhls::frac<decltype(x0[0] * second_kernel[0])>() == qhls::frac<second_conv_type>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_RESHAPE variable=second_kernel_codes type=cyclic factor=18
  ap_int<8> total[2];
  #pragma HLS ARRAY_PARTITION variable=total type=complete
  compute_second_conv_r: for (int r = 0; r < 1; ++r) {
    compute_second_conv_c: for (int c = 0; c < 1; ++c) {
      compute_second_conv_tiles_g: for (int g = 0; g < 2; ++g) {
        #pragma HLS PIPELINE II=1
        ap_int<8> sum[2];  // integers: product and accumulator share a binary point
        #pragma HLS ARRAY_PARTITION variable=sum type=complete
        for (int p = 0; p < 2; ++p) {
          #pragma HLS UNROLL
          sum[p] = 0;
        }
        for (int i = 0; i < 3; ++i) {
          #pragma HLS UNROLL
          for (int j = 0; j < 3; ++j) {
            #pragma HLS UNROLL
            for (int s = 0; s < 1; ++s) {
              #pragma HLS UNROLL
              const ap_uint<2> x = qhls::bits(x0[(r + i) * 6 + (c + j) * 2 + g + s]);
              for (int p = 0; p < 2; ++p) {
                #pragma HLS UNROLL
                sum[p] += x * qhls::bits(second_kernel[g * 18 + p * 9 + i * 3 + j]);
              }
            }
          }
        }
        for (int p = 0; p < 2; ++p) {
          #pragma HLS UNROLL
          if (g == 0) total[p] = 0;
          total[p] += sum[p];
          if (g == 1) {
            y[p] = qhls::with_bits<second_conv_type>(total[p]);
          }
        }
      }
    }
  }
}

// second.add (Keras layer second): s8.5 = add(second.conv, second.bias) with second.conv: s8.5, second.bias: s3.2
static void compute_second_add(const second_conv_type x0[2], second_add_type y[2]) {
  #pragma HLS ARRAY_PARTITION variable=second_bias_codes type=complete
  compute_second_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i2] = x0[i2] + second_bias[i2];
      }
    }
  }
}

// rounded.quantize (Keras layer rounded): u4.2 = quantize(second.add, to=u4.2) with second.add: s8.5
static void compute_rounded_quantize(const second_add_type x0[2], rounded_quantize_type y[2]) {
  compute_rounded_quantize_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i2] = x0[i2];
      }
    }
  }
}

// skip.add (Keras layer skip): u4.2 = add(relu.quantize, rounded.quantize) with relu.quantize: u4.2, rounded.quantize: u4.2
static void compute_skip_add(const relu_quantize_type x0[2], const rounded_quantize_type x1[2], skip_add_type y[2]) {
  compute_skip_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i2] = x0[i2] + x1[i2];
      }
    }
  }
}

// mean.pool (Keras layer mean): u8.2 = pool(skip.add, window=(4,4), strides=(1,1), reduction=sum) with skip.add: u4.2
static void compute_mean_pool(const skip_add_type x0[32], mean_pool_type y[2]) {
  compute_mean_pool_rows: for (int r = 0; r < 1; ++r) {
    compute_mean_pool_columns: for (int c = 0; c < 1; ++c) {
      #pragma HLS PIPELINE II=1
      for (int k = 0; k < 2; ++k) {
        #pragma HLS UNROLL
        mean_pool_type sum = 0;
        for (int i = 0; i < 4; ++i) {
          #pragma HLS UNROLL
          for (int j = 0; j < 4; ++j) {
            #pragma HLS UNROLL
            const skip_add_type tap = x0[(r + i) * 8 + (c + j) * 2 + k];
            sum += tap;
          }
        }
        y[k] = sum;
      }
    }
  }
}

// mean.shift (Keras layer mean): u7.6 = shift(mean.reshape, power=-4) with mean.reshape: u7.2
static void compute_mean_shift(const mean_pool_type x0[2], mean_shift_type y[2]) {
  compute_mean_shift_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = qhls::with_bits<mean_shift_type>(x0[i0]);
  }
}

// first.conv: 16 steps of s8.6 = conv(x, first.kernel) with x: s4.3, first.kernel: s4.3
static void run_first_conv(hls::stream<qhls::Token<x_type, 2> >& in0, hls::stream<qhls::Token<first_conv_type, 2> >& out0) {
  run_first_conv_steps: for (int s = 0; s < 16; ++s) {
    const qhls::Token<x_type, 2> x0_token = in0.read();
    qhls::Token<first_conv_type, 2> y_token;
    compute_first_conv(x0_token.data, y_token.data);
    out0.write(y_token);
  }
}

// first.add: 16 steps of s8.6 = add(first.conv, first.bias) with first.conv: s8.6, first.bias: s4.3
static void run_first_add(hls::stream<qhls::Token<first_conv_type, 2> >& in0, hls::stream<qhls::Token<first_add_type, 2> >& out0) {
  run_first_add_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<first_conv_type, 2> x0_token = in0.read();
    qhls::Token<first_add_type, 2> y_token;
    compute_first_add(x0_token.data, y_token.data);
    out0.write(y_token);
  }
}

// relu.quantize: 16 steps of u4.2 = quantize(first.add, to=u4.2) with first.add: s8.6
static void run_relu_quantize(hls::stream<qhls::Token<first_add_type, 2> >& in0, hls::stream<qhls::Token<relu_quantize_type, 2> >& out0) {
  run_relu_quantize_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<first_add_type, 2> x0_token = in0.read();
    qhls::Token<relu_quantize_type, 2> y_token;
    compute_relu_quantize(x0_token.data, y_token.data);
    out0.write(y_token);
  }
}

// relu.quantize fork: copies each token to 2 readers
static void run_relu_quantize_fork(hls::stream<qhls::Token<relu_quantize_type, 2> >& in0, hls::stream<qhls::Token<relu_quantize_type, 2> >& out0, hls::stream<qhls::Token<relu_quantize_type, 2> >& out1) {
  run_relu_quantize_fork_tokens: for (int t = 0; t < 16; ++t) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<relu_quantize_type, 2> token = in0.read();
    out0.write(token);
    out1.write(token);
  }
}

// second.pad: u2.2 = pad(relu.quantize, widths=((1,1),(1,1),(0,0)))
static void run_second_pad(hls::stream<qhls::Token<relu_quantize_type, 2> >& in0, hls::stream<qhls::Token<second_pad_type, 2> >& out0) {
  run_second_pad_tokens: for (int i0 = 0; i0 < 6; ++i0) {
    for (int i1 = 0; i1 < 6; ++i1) {
      for (int t = 0; t < 1; ++t) {
        #pragma HLS PIPELINE II=1
        qhls::Token<second_pad_type, 2> token;
        if (i0 >= 1 && i0 < 5 && i1 >= 1 && i1 < 5) {
          const qhls::Token<relu_quantize_type, 2> moved = in0.read();
          for (int l = 0; l < 2; ++l) {
            #pragma HLS UNROLL
            token.data[l] = moved.data[l];
          }
        } else {
          for (int l = 0; l < 2; ++l) {
            #pragma HLS UNROLL
            token.data[l] = second_pad_type(0.0);
          }
        }
        out0.write(token);
      }
    }
  }
}

// second.conv: each window of 3 x 3 pixels: s8.5 = conv(second.pad, second.kernel) with second.pad: u2.2, second.kernel: s4.3
static void run_second_conv(hls::stream<qhls::Token<second_pad_type, 2> >& in0, hls::stream<qhls::Token<second_conv_type, 2> >& out0) {
  QHLS_BUFFER second_pad_type lines[2][6][2];  // the rows above, oldest first
  #pragma HLS ARRAY_PARTITION variable=lines type=complete dim=1
  #pragma HLS ARRAY_RESHAPE variable=lines type=complete dim=3
  QHLS_BUFFER second_pad_type window[18];
  #pragma HLS ARRAY_PARTITION variable=window type=complete
  int rows_left = 2;  // rows until a window ends
  run_second_conv_rows: for (int r = 0; r < 6; ++r) {
    int columns_left = 2;
    run_second_conv_columns: for (int c = 0; c < 6; ++c) {
      for (int i = 0; i < 3; ++i) {
        #pragma HLS UNROLL
        for (int j = 0; j < 4; ++j) {
          #pragma HLS UNROLL
          window[i * 6 + j] = window[i * 6 + j + 2];
        }
      }
      for (int t = 0; t < 1; ++t) {
        #pragma HLS PIPELINE II=1
        const qhls::Token<second_pad_type, 2> token = in0.read();
        for (int l = 0; l < 2; ++l) {
          #pragma HLS UNROLL
          const int k = t * 2 + l;
          window[(0 * 3 + 2) * 2 + k] = lines[0][c][k];
          window[(1 * 3 + 2) * 2 + k] = lines[1][c][k];
          window[(2 * 3 + 2) * 2 + k] = token.data[l];
          for (int i = 0; i < 1; ++i) {
            #pragma HLS UNROLL
            lines[i][c][k] = lines[i + 1][c][k];
          }
          lines[1][c][k] = token.data[l];
        }
      }
      if (rows_left == 0 && columns_left == 0) {
        qhls::Token<second_conv_type, 2> y_token;
        compute_second_conv(window, y_token.data);
        out0.write(y_token);
      }
      columns_left = columns_left == 0 ? 0 : columns_left - 1;
    }
    rows_left = rows_left == 0 ? 0 : rows_left - 1;
  }
}

// second.add: 16 steps of s8.5 = add(second.conv, second.bias) with second.conv: s8.5, second.bias: s3.2
static void run_second_add(hls::stream<qhls::Token<second_conv_type, 2> >& in0, hls::stream<qhls::Token<second_add_type, 2> >& out0) {
  run_second_add_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<second_conv_type, 2> x0_token = in0.read();
    qhls::Token<second_add_type, 2> y_token;
    compute_second_add(x0_token.data, y_token.data);
    out0.write(y_token);
  }
}

// rounded.quantize: 16 steps of u4.2 = quantize(second.add, to=u4.2) with second.add: s8.5
static void run_rounded_quantize(hls::stream<qhls::Token<second_add_type, 2> >& in0, hls::stream<qhls::Token<rounded_quantize_type, 2> >& out0) {
  run_rounded_quantize_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<second_add_type, 2> x0_token = in0.read();
    qhls::Token<rounded_quantize_type, 2> y_token;
    compute_rounded_quantize(x0_token.data, y_token.data);
    out0.write(y_token);
  }
}

// skip.add: 16 steps of u4.2 = add(relu.quantize, rounded.quantize) with relu.quantize: u4.2, rounded.quantize: u4.2
static void run_skip_add(hls::stream<qhls::Token<relu_quantize_type, 2> >& in0, hls::stream<qhls::Token<rounded_quantize_type, 2> >& in1, hls::stream<qhls::Token<skip_add_type, 2> >& out0) {
  run_skip_add_steps: for (int s = 0; s < 16; ++s) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<relu_quantize_type, 2> x0_token = in0.read();
    const qhls::Token<rounded_quantize_type, 2> x1_token = in1.read();
    qhls::Token<skip_add_type, 2> y_token;
    compute_skip_add(x0_token.data, x1_token.data, y_token.data);
    out0.write(y_token);
  }
}

// mean.pool: 1 step of u8.2 = pool(skip.add, window=(4,4), strides=(1,1), reduction=sum) with skip.add: u4.2
static void run_mean_pool(hls::stream<qhls::Token<skip_add_type, 2> >& in0, hls::stream<qhls::Token<mean_pool_type, 2> >& out0) {
  QHLS_BUFFER skip_add_type x0[32];
  #pragma HLS ARRAY_PARTITION variable=x0 type=complete
  run_mean_pool_read: for (int t = 0; t < 16; ++t) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<skip_add_type, 2> x0_token = in0.read();
    for (int l = 0; l < 2; ++l) {
      #pragma HLS UNROLL
      x0[t * 2 + l] = x0_token.data[l];
    }
  }
  qhls::Token<mean_pool_type, 2> y_token;
  compute_mean_pool(x0, y_token.data);
  out0.write(y_token);
}

// mean.shift: 1 step of u7.6 = shift(mean.reshape, power=-4) with mean.reshape: u7.2
static void run_mean_shift(hls::stream<qhls::Token<mean_pool_type, 2> >& in0, hls::stream<qhls::Token<mean_shift_type, 2> >& out0) {
  const qhls::Token<mean_pool_type, 2> x0_token = in0.read();
  qhls::Token<mean_shift_type, 2> y_token;
  compute_mean_shift(x0_token.data, y_token.data);
  out0.write(y_token);
}

void residual(hls::stream<qhls::Token<x_type, 2> >& x, hls::stream<qhls::Token<mean_shift_type, 2> >& result) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=axis port=x
  #pragma HLS INTERFACE mode=axis port=result
  #pragma HLS DATAFLOW
  hls::stream<qhls::Token<first_conv_type, 2> > first_conv("first_conv");
  #pragma HLS STREAM variable=first_conv depth=2
  hls::stream<qhls::Token<first_add_type, 2> > first_add("first_add");
  #pragma HLS STREAM variable=first_add depth=2
  hls::stream<qhls::Token<relu_quantize_type, 2> > relu_quantize("relu_quantize");
  #pragma HLS STREAM variable=relu_quantize depth=2
  hls::stream<qhls::Token<relu_quantize_type, 2> > relu_quantize_to_second_pad("relu_quantize_to_second_pad");
  #pragma HLS STREAM variable=relu_quantize_to_second_pad depth=2
  hls::stream<qhls::Token<relu_quantize_type, 2> > relu_quantize_to_skip_add("relu_quantize_to_skip_add");
  #pragma HLS STREAM variable=relu_quantize_to_skip_add depth=7
  hls::stream<qhls::Token<second_pad_type, 2> > second_pad("second_pad");
  #pragma HLS STREAM variable=second_pad depth=2
  hls::stream<qhls::Token<second_conv_type, 2> > second_conv("second_conv");
  #pragma HLS STREAM variable=second_conv depth=2
  hls::stream<qhls::Token<second_add_type, 2> > second_add("second_add");
  #pragma HLS STREAM variable=second_add depth=2
  hls::stream<qhls::Token<rounded_quantize_type, 2> > rounded_quantize("rounded_quantize");
  #pragma HLS STREAM variable=rounded_quantize depth=2
  hls::stream<qhls::Token<skip_add_type, 2> > skip_add("skip_add");
  #pragma HLS STREAM variable=skip_add depth=2
  hls::stream<qhls::Token<mean_pool_type, 2> > mean_pool("mean_pool");
  #pragma HLS STREAM variable=mean_pool depth=2
  run_first_conv(x, first_conv);
  QHLS_TAP_TOKENS(0, first_conv, 16)
  run_first_add(first_conv, first_add);
  QHLS_TAP_TOKENS(1, first_add, 16)
  run_relu_quantize(first_add, relu_quantize);
  QHLS_TAP_TOKENS(2, relu_quantize, 16)
  run_relu_quantize_fork(relu_quantize, relu_quantize_to_second_pad, relu_quantize_to_skip_add);
  run_second_pad(relu_quantize_to_second_pad, second_pad);
  QHLS_TAP_TOKENS(3, second_pad, 36)
  run_second_conv(second_pad, second_conv);
  QHLS_TAP_TOKENS(4, second_conv, 16)
  run_second_add(second_conv, second_add);
  QHLS_TAP_TOKENS(5, second_add, 16)
  run_rounded_quantize(second_add, rounded_quantize);
  QHLS_TAP_TOKENS(6, rounded_quantize, 16)
  run_skip_add(relu_quantize_to_skip_add, rounded_quantize, skip_add);
  QHLS_TAP_TOKENS(7, skip_add, 16)
  run_mean_pool(skip_add, mean_pool);
  QHLS_TAP_TOKENS(8, mean_pool, 1)
  run_mean_shift(mean_pool, result);
  QHLS_TAP_TOKENS(9, result, 1)
}
