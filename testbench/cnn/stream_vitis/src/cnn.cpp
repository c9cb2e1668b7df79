// cnn for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// pool.pool (Keras layer pool): u4.2 = pool(relu.quantize, window=(2,2), strides=(1,1))
static void compute_pool_pool(const u4_2_half_even_saturate x0[12], u4_2 y[3]) {
  compute_pool_pool_rows: for (int r = 0; r < 1; ++r) {
    compute_pool_pool_columns: for (int c = 0; c < 1; ++c) {
      #pragma HLS PIPELINE II=1
      for (int k = 0; k < 3; ++k) {
        #pragma HLS UNROLL
        u4_2_half_even_saturate best = x0[r * 6 + c * 3 + k];
        for (int i = 0; i < 2; ++i) {
          #pragma HLS UNROLL
          for (int j = 0; j < 2; ++j) {
            #pragma HLS UNROLL
            const u4_2_half_even_saturate tap = x0[(r + i) * 6 + (c + j) * 3 + k];
            if (tap > best) best = tap;
          }
        }
        y[k] = best;
      }
    }
  }
}

// relu.quantize: each window of 3 x 3 pixels, padded: s11.6 = conv(conv.pad, conv.kernel)
struct relu_quantize_product : qhls::Product {
  static const int cycles = 53, steps = 36, longest = 2, tokens = 16, tapped = 1, height = 3, right = 3, channels = 2, image = 6, down = 3, slides = 1, padded = 1, first_row = 1, last_row = 4, first_column = 1, last_column = 4, g = 2, rows = 3, columns = 3, filters = 3, row_step = 6, column_step = 2;
  // then conv.add, relu.quantize
  static void finish(const s11_6 x0[3], u4_2_half_even_saturate y[3], int) {
    #pragma HLS ARRAY_PARTITION variable=conv_bias_codes type=complete
    for (int i2 = 0; i2 < 3; ++i2) {
      #pragma HLS UNROLL
      s11_6 r0 = x0[i2] + conv_bias[i2];
      QHLS_TAP_ELEMENT(0, i2, r0)
      y[i2] = r0;
    }
  }
};
static void run_relu_quantize(qhls::Stream<s4_3, 2>& in0, qhls::Stream<u4_2_half_even_saturate, 3>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=conv_kernel_codes type=cyclic factor=27
  QHLS_BUFFER s4_3 lines[6][4];
  #pragma HLS DEPENDENCE variable=lines type=inter direction=RAW distance=6 dependent=true
  #pragma HLS BIND_STORAGE variable=lines type=ram_2p impl=lutram
  qhls::multiply<relu_quantize_product, s11_6>(in0, out0, conv_kernel, lines);
}

// pool.pool: each window of 2 x 2 pixels: compute_pool_pool
static void run_pool_pool(qhls::Stream<u4_2_half_even_saturate, 3>& in0, qhls::Stream<u4_2, 3>& out0) {
  QHLS_BUFFER u4_2_half_even_saturate lines[4][3];  // a word holds a token of each row above
  #pragma HLS ARRAY_RESHAPE variable=lines type=complete dim=2
  #pragma HLS DEPENDENCE variable=lines type=inter direction=RAW distance=4 dependent=true
  #pragma HLS BIND_STORAGE variable=lines type=ram_2p impl=lutram
  QHLS_BUFFER u4_2_half_even_saturate window[12];
  #pragma HLS ARRAY_PARTITION variable=window type=complete
  int rows_left = 1;  // rows until a window ends
  run_pool_pool_rows: for (int r = 0; r < 4; ++r) {
    int columns_left = 1;
    run_pool_pool_columns: for (int c = 0; c < 4; ++c) {
      #pragma HLS PIPELINE II=1
      for (int i = 0; i < 2; ++i) {
        #pragma HLS UNROLL
        for (int j = 0; j < 3; ++j) {
          #pragma HLS UNROLL
          window[i * 6 + j] = window[i * 6 + j + 3];
        }
      }
      for (int t = 0; t < 1; ++t) {
        #pragma HLS PIPELINE II=1
        const qhls::Token<u4_2_half_even_saturate, 3> token = in0.read();
        for (int l = 0; l < 3; ++l) {
          #pragma HLS UNROLL
          const int k = t * 3 + l;
          window[(0 * 2 + 1) * 3 + k] = lines[c][0 + l];
          window[(1 * 2 + 1) * 3 + k] = token.data[l];
          lines[c][0 + l] = token.data[l];
        }
      }
      if (rows_left == 0 && columns_left == 0) {
        qhls::Token<u4_2, 3> y_token;
        compute_pool_pool(window, y_token.data);
        out0.write(y_token);
      }
      columns_left = columns_left == 0 ? 1 : columns_left - 1;
    }
    rows_left = rows_left == 0 ? 1 : rows_left - 1;
  }
}

// scores.add: 1 step of s10.5 = matmul(flat.reshape, scores.kernel)
struct scores_add_product : qhls::Product {
  static const int cycles = 8, steps = 1, taken = 4, longest = 4, op = 4, tokens = 1, tapped = 1, channels = 12, g = 2, depth = 6, filters = 3;
  // then scores.add
  static void finish(const s10_5 x0[3], s10_5 y[3], int) {
    #pragma HLS ARRAY_PARTITION variable=scores_bias_codes type=complete
    for (int i0 = 0; i0 < 3; ++i0) {
      #pragma HLS UNROLL
      y[i0] = x0[i0] + scores_bias[i0];
    }
  }
};
static void run_scores_add(qhls::Stream<u4_2, 3>& in0, qhls::Stream<s10_5, 3>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=scores_kernel_codes type=cyclic factor=18
  qhls::multiply<scores_add_product, s10_5>(in0, out0, scores_kernel);
}

void cnn(qhls::Port<s4_3, 2>& x, qhls::Port<s10_5, 3>& result) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=axis port=x
  #pragma HLS INTERFACE mode=axis port=result
  #pragma HLS DATAFLOW
  qhls::Stream<u4_2_half_even_saturate, 3> relu_quantize("relu_quantize");
  #pragma HLS STREAM variable=relu_quantize depth=2
  qhls::Stream<u4_2, 3> pool_pool("pool_pool");
  #pragma HLS STREAM variable=pool_pool depth=2
  qhls::Stream<s4_3, 2> x_tokens("x_tokens");
  #pragma HLS STREAM variable=x_tokens depth=2
  qhls::Stream<s10_5, 3> result_tokens("result_tokens");
  #pragma HLS STREAM variable=result_tokens depth=2
  qhls::receive<16>(x, x_tokens);
  run_relu_quantize(x_tokens, relu_quantize);
  QHLS_TAP_TOKENS(2, relu_quantize, 16)
  run_pool_pool(relu_quantize, pool_pool);
  QHLS_TAP_TOKENS(3, pool_pool, 4)
  run_scores_add(pool_pool, result_tokens);
  QHLS_TAP_TOKENS(5, result_tokens, 1)
  qhls::send<1>(result_tokens, result);
}
