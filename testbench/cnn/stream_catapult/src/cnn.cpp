// cnn for Siemens Catapult. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// conv.add (Keras layer conv): s11.6 = add(conv.conv, conv.bias) with conv.conv: s11.6, conv.bias: s4.3
static void compute_conv_add(const conv_conv_type x0[3], conv_add_type y[3]) {
  #pragma hls_unroll yes
  compute_conv_add_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 3; ++i2) {
        y[i2] = x0[i2] + conv_bias[i2];
      }
    }
  }
}

// relu.quantize (Keras layer relu): u4.2 = quantize(conv.add, to=u4.2) with conv.add: s11.6
static void compute_relu_quantize(const conv_add_type x0[3], relu_quantize_type y[3]) {
  #pragma hls_unroll yes
  compute_relu_quantize_elements: for (int i0 = 0; i0 < 1; ++i0) {
    #pragma hls_unroll yes
    for (int i1 = 0; i1 < 1; ++i1) {
      #pragma hls_unroll yes
      for (int i2 = 0; i2 < 3; ++i2) {
        y[i2] = x0[i2];
      }
    }
  }
}

// pool.pool (Keras layer pool): u4.2 = pool(relu.quantize, window=(2,2), strides=(1,1)) with relu.quantize: u4.2
static void compute_pool_pool(const relu_quantize_type x0[12], pool_pool_type y[3]) {
  compute_pool_pool_rows: for (int r = 0; r < 1; ++r) {
    #pragma hls_pipeline_init_interval 1
    compute_pool_pool_columns: for (int c = 0; c < 1; ++c) {
      #pragma hls_unroll yes
      for (int k = 0; k < 3; ++k) {
        relu_quantize_type best = x0[r * 6 + c * 3 + k];
        #pragma hls_unroll yes
        for (int i = 0; i < 2; ++i) {
          #pragma hls_unroll yes
          for (int j = 0; j < 2; ++j) {
            const relu_quantize_type tap = x0[(r + i) * 6 + (c + j) * 3 + k];
            if (tap > best) best = tap;
          }
        }
        y[k] = best;
      }
    }
  }
}

// scores.add (Keras layer scores): s10.5 = add(scores.matmul, scores.bias) with scores.matmul: s10.5, scores.bias: s4.3
static void compute_scores_add(const scores_matmul_type x0[3], scores_add_type y[3]) {
  #pragma hls_unroll yes
  compute_scores_add_elements: for (int i0 = 0; i0 < 3; ++i0) {
    y[i0] = x0[i0] + scores_bias[i0];
  }
}

// conv.pad: s4.3 = pad(x, widths=((1,1),(1,1),(0,0)))
#pragma hls_design
static void run_conv_pad(ac_channel<qhls::Token<x_type, 2> >& in0, ac_channel<qhls::Token<conv_pad_type, 2> >& out0) {
  run_conv_pad_tokens: for (int i0 = 0; i0 < 6; ++i0) {
    for (int i1 = 0; i1 < 6; ++i1) {
      #pragma hls_pipeline_init_interval 1
      for (int t = 0; t < 1; ++t) {
        qhls::Token<conv_pad_type, 2> token;
        if (i0 >= 1 && i0 < 5 && i1 >= 1 && i1 < 5) {
          const qhls::Token<x_type, 2> moved = in0.read();
          #pragma hls_unroll yes
          for (int l = 0; l < 2; ++l) {
            token.data[l] = moved.data[l];
          }
        } else {
          #pragma hls_unroll yes
          for (int l = 0; l < 2; ++l) {
            token.data[l] = conv_pad_type(0.0);
          }
        }
        out0.write(token);
      }
    }
  }
}

// relu.quantize: each window of 3 x 3 pixels: s11.6 = conv(conv.pad, conv.kernel) with conv.pad: s4.3, conv.kernel: s4.3; then add(conv.conv, conv.bias); then quantize(conv.add, to=u4.2)
#pragma hls_design
static void run_relu_quantize(ac_channel<qhls::Token<conv_pad_type, 2> >& in0, ac_channel<qhls::Token<relu_quantize_type, 3> >& out0) {
  static_assert(qhls::frac<decltype(conv_pad_type() * conv_kernel[0])>() == qhls::frac<conv_conv_type>(),
  "binary points of product and accumulator differ");
  // conv_kernel_codes: one iteration reads 27 consecutive elements
  QHLS_BUFFER conv_pad_type lines[6][4];  // the rows above
  // lines: one word per token
  QHLS_BUFFER conv_pad_type window[18];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER conv_pad_type next[6];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  ac_int<11, true> total[3];
  // total: registers, by the memory threshold in build.tcl
  qhls::Token<conv_conv_type, 3> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0;
  int step = 0;
  int g = 0;
  int c = 0, rows_left = 2, columns_left = 2;  // until a window ends
  #pragma hls_pipeline_init_interval 1
  run_relu_quantize_cycles: for (int n = 0; n < 53; ++n) {
    if (t < 1 && step < 36) {
      const qhls::Token<conv_pad_type, 2> token = in0.read();
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
      ac_int<11, true> sum[3];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int i = 0; i < 3; ++i) {
        #pragma hls_unroll yes
        for (int j = 0; j < 3; ++j) {
          #pragma hls_unroll yes
          for (int s = 0; s < 1; ++s) {
            const ac_int<4, true> x = qhls::bits(window[i * 6 + j * 2 + g + s]);
            #pragma hls_unroll yes
            for (int p = 0; p < 3; ++p) {
              sum[p] += x * qhls::bits(conv_kernel[g * 27 + p * 9 + i * 3 + j]);
            }
          }
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        if (g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (g == 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < 3; ++p) {
          y_token.data[p] = qhls::with_bits<conv_conv_type>(total[p]);
        }
        QHLS_TAP_TOKEN(1, 16, y_token)
        qhls::Token<conv_add_type, 3> sent_1;
        compute_conv_add(y_token.data, sent_1.data);
        QHLS_TAP_TOKEN(2, 16, sent_1)
        qhls::Token<relu_quantize_type, 3> sent_2;
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

// pool.pool: each window of 2 x 2 pixels: u4.2 = pool(relu.quantize, window=(2,2), strides=(1,1)) with relu.quantize: u4.2
#pragma hls_design
static void run_pool_pool(ac_channel<qhls::Token<relu_quantize_type, 3> >& in0, ac_channel<qhls::Token<pool_pool_type, 3> >& out0) {
  QHLS_BUFFER relu_quantize_type lines[4][3];  // the rows above
  // lines: one word per token
  QHLS_BUFFER relu_quantize_type window[12];
  // window: registers, by the memory threshold in build.tcl
  int rows_left = 1;  // rows until a window ends
  run_pool_pool_rows: for (int r = 0; r < 4; ++r) {
    int columns_left = 1;
    #pragma hls_pipeline_init_interval 1
    run_pool_pool_columns: for (int c = 0; c < 4; ++c) {
      #pragma hls_unroll yes
      for (int i = 0; i < 2; ++i) {
        #pragma hls_unroll yes
        for (int j = 0; j < 3; ++j) {
          window[i * 6 + j] = window[i * 6 + j + 3];
        }
      }
      #pragma hls_pipeline_init_interval 1
      for (int t = 0; t < 1; ++t) {
        const qhls::Token<relu_quantize_type, 3> token = in0.read();
        #pragma hls_unroll yes
        for (int l = 0; l < 3; ++l) {
          const int k = t * 3 + l;
          window[(0 * 2 + 1) * 3 + k] = lines[c][0 + l];
          window[(1 * 2 + 1) * 3 + k] = token.data[l];
          lines[c][0 + l] = token.data[l];
        }
      }
      if (rows_left == 0 && columns_left == 0) {
        qhls::Token<pool_pool_type, 3> y_token;
        compute_pool_pool(window, y_token.data);
        out0.write(y_token);
      }
      columns_left = columns_left == 0 ? 1 : columns_left - 1;
    }
    rows_left = rows_left == 0 ? 1 : rows_left - 1;
  }
}

// scores.add: 1 step of s10.5 = matmul(flat.reshape, scores.kernel) with flat.reshape: u4.2, scores.kernel: s4.3; then add(scores.matmul, scores.bias)
#pragma hls_design
static void run_scores_add(ac_channel<qhls::Token<pool_pool_type, 3> >& in0, ac_channel<qhls::Token<scores_add_type, 3> >& out0) {
  static_assert(qhls::frac<decltype(pool_pool_type() * scores_kernel[0])>() == qhls::frac<scores_matmul_type>(),
  "binary points of product and accumulator differ");
  // scores_kernel_codes: one iteration reads 18 consecutive elements
  QHLS_BUFFER pool_pool_type window[12];
  // window: registers, by the memory threshold in build.tcl
  QHLS_BUFFER pool_pool_type next[12];  // the column that enters the window
  // next: registers, by the memory threshold in build.tcl
  ac_int<10, true> total[3];
  // total: registers, by the memory threshold in build.tcl
  qhls::Token<scores_matmul_type, 3> y_token;
  bool complete = false;  // whether a result is computed from the window
  int t = 0;
  int step = 0;
  int g = 0;
  #pragma hls_pipeline_init_interval 1
  run_scores_add_cycles: for (int n = 0; n < 8; ++n) {
    if (t < 4 && step < 1) {
      const qhls::Token<pool_pool_type, 3> token = in0.read();
      #pragma hls_unroll yes
      for (int l = 0; l < 3; ++l) {
        const int k = t * 3 + l;
        next[0 + k] = token.data[l];
      }
    }
    if (complete && t < 2) {
      ac_int<10, true> sum[3];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        sum[p] = 0;
      }
      #pragma hls_unroll yes
      for (int s = 0; s < 6; ++s) {
        const ac_int<4, false> x = qhls::bits(window[g * 6 + s]);
        #pragma hls_unroll yes
        for (int p = 0; p < 3; ++p) {
          sum[p] += x * qhls::bits(scores_kernel[g * 18 + p * 6 + s]);
        }
      }
      #pragma hls_unroll yes
      for (int p = 0; p < 3; ++p) {
        if (g == 0) total[p] = sum[p];
        else total[p] += sum[p];
      }
      if (g == 1) {
        #pragma hls_unroll yes
        for (int p = 0; p < 3; ++p) {
          y_token.data[p] = qhls::with_bits<scores_matmul_type>(total[p]);
        }
        QHLS_TAP_TOKEN(5, 1, y_token)
        qhls::Token<scores_add_type, 3> sent_1;
        compute_scores_add(y_token.data, sent_1.data);
        out0.write(sent_1);
      }
      if (++g == 2) {
        g = 0;
      }
    }
    if (t < 3) {
      ++t;
    } else {
      t = 0;
      #pragma hls_unroll yes
      for (int h = 0; h < 1; ++h) {
        #pragma hls_unroll yes
        for (int k = 0; k < 12; ++k) {
          window[h * 12 + 0 + k] = next[h * 12 + k];
        }
      }
      ++step;
      complete = true;
    }
  }
}

#pragma hls_design top
void CCS_BLOCK(cnn)(ac_channel<qhls::Token<x_type, 2> >& x, ac_channel<qhls::Token<scores_add_type, 3> >& result) {
  static ac_channel<qhls::Token<conv_pad_type, 2> > conv_pad;
  static ac_channel<qhls::Token<relu_quantize_type, 3> > relu_quantize;
  static ac_channel<qhls::Token<pool_pool_type, 3> > pool_pool;
  run_conv_pad(x, conv_pad);
  QHLS_TAP_TOKENS(0, conv_pad, 36)
  run_relu_quantize(conv_pad, relu_quantize);
  QHLS_TAP_TOKENS(3, relu_quantize, 16)
  run_pool_pool(relu_quantize, pool_pool);
  QHLS_TAP_TOKENS(4, pool_pool, 4)
  run_scores_add(pool_pool, result);
  QHLS_TAP_TOKENS(6, result, 1)
}
