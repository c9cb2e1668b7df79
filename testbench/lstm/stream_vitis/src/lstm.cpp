// lstm for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// cell.scan.matmul (Keras layer cell): s9.6 = matmul(cell.scan.state, cell.scan.recurrent_kernel)
static void compute_cell_scan_matmul(const s5_3 x0[2], s9_6 y[8]) {
  static_assert(qhls::frac<decltype(x0[0] * cell_scan_recurrent_kernel[0])>() == qhls::frac<s9_6>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_RESHAPE variable=cell_scan_recurrent_kernel_codes type=cyclic factor=8
  ap_int<9> total[8];
  #pragma HLS ARRAY_PARTITION variable=total type=complete
  compute_cell_scan_matmul_r: for (int r = 0; r < 1; ++r) {
    compute_cell_scan_matmul_tiles_g: for (int g = 0; g < 2; ++g) {
      #pragma HLS PIPELINE II=1
      ap_int<9> sum[8];  // integers: product and accumulator share a binary point
      #pragma HLS ARRAY_PARTITION variable=sum type=complete
      for (int p = 0; p < 8; ++p) {
        #pragma HLS UNROLL
        sum[p] = 0;
      }
      for (int s = 0; s < 1; ++s) {
        #pragma HLS UNROLL
        const ap_int<5> x = qhls::bits(x0[g + s]);
        for (int p = 0; p < 8; ++p) {
          #pragma HLS UNROLL
          sum[p] += x * qhls::bits(cell_scan_recurrent_kernel[g * 8 + p]);
        }
      }
      for (int p = 0; p < 8; ++p) {
        #pragma HLS UNROLL
        if (g == 0) total[p] = 0;
        total[p] += sum[p];
        if (g == 1) {
          y[p] = qhls::with_bits<s9_6>(total[p]);
        }
      }
    }
  }
}

// cell.scan.add (Keras layer cell): s10.6 = add(cell.scan.row, cell.scan.matmul)
static void compute_cell_scan_add(const s9_6 x0[8], const s9_6 x1[8], s10_6 y[8]) {
  compute_cell_scan_add_elements: for (int i0 = 0; i0 < 8; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0] + x1[i0];
  }
}

// cell.scan.view_4 (Keras layer cell): s10.6 = view(cell.scan.reshape_4, strides=(1,), offset=6); u4.4 = threshold(cell.scan.view_4, cell.scan.thresholds_3, cell.scan.values_3)
static void compute_cell_scan_threshold_3(const s10_6 x0[8], u4_4 y[2]) {
  #pragma HLS ARRAY_PARTITION variable=cell_scan_thresholds_3_codes type=complete
  #pragma HLS ARRAY_PARTITION variable=cell_scan_values_3_codes type=complete
  compute_cell_scan_threshold_3_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    s10_6 r0 = x0[6 + i0];
    {
      const int level = qhls::search<ap_fixed<10, 4>, 15>(r0, cell_scan_thresholds_3);
      y[i0] = qhls::from_code<u4_4>(level);
    }
  }
}

// cell.scan.view_2 (Keras layer cell): s10.6 = view(cell.scan.reshape_2, strides=(1,), offset=2); u4.4 = threshold(cell.scan.view_2, cell.scan.thresholds, cell.scan.values)
static void compute_cell_scan_threshold(const s10_6 x0[8], u4_4 y[2]) {
  #pragma HLS ARRAY_PARTITION variable=cell_scan_thresholds_codes type=complete
  #pragma HLS ARRAY_PARTITION variable=cell_scan_values_codes type=complete
  compute_cell_scan_threshold_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    s10_6 r0 = x0[2 + i0];
    {
      const int level = qhls::search<ap_fixed<10, 4>, 15>(r0, cell_scan_thresholds);
      y[i0] = qhls::from_code<u4_4>(level);
    }
  }
}

// cell.scan.mul (Keras layer cell): s9.7 = mul(cell.scan.threshold, cell.scan.state_2)
static void compute_cell_scan_mul(const u4_4 x0[2], const s5_3 x1[2], s9_7 y[2]) {
  #pragma HLS PIPELINE II=2
  compute_cell_scan_mul_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0] * x1[i0];
  }
}

// cell.scan.view (Keras layer cell): s10.6 = view(cell.scan.reshape, strides=(1,)); u4.4 = threshold(cell.scan.view, cell.scan.thresholds_2, cell.scan.values_2)
static void compute_cell_scan_threshold_2(const s10_6 x0[8], u4_4 y[2]) {
  #pragma HLS ARRAY_PARTITION variable=cell_scan_thresholds_2_codes type=complete
  #pragma HLS ARRAY_PARTITION variable=cell_scan_values_2_codes type=complete
  compute_cell_scan_threshold_2_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    s10_6 r0 = x0[i0];
    {
      const int level = qhls::search<ap_fixed<10, 4>, 15>(r0, cell_scan_thresholds_2);
      y[i0] = qhls::from_code<u4_4>(level);
    }
  }
}

// cell.scan.view_3 (Keras layer cell): s10.6 = view(cell.scan.reshape_3, strides=(1,), offset=4); s4.3 = quantize(cell.scan.view_3, to=s4.3)
static void compute_cell_scan_quantize(const s10_6 x0[8], s4_3_half_even_saturate y[2]) {
  compute_cell_scan_quantize_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    s10_6 r0 = x0[4 + i0];
    y[i0] = r0;
  }
}

// cell.scan.mul_2 (Keras layer cell): s8.7 = mul(cell.scan.threshold_2, cell.scan.quantize)
static void compute_cell_scan_mul_2(const u4_4 x0[2], const s4_3_half_even_saturate x1[2], s8_7 y[2]) {
  #pragma HLS PIPELINE II=2
  compute_cell_scan_mul_2_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0] * x1[i0];
  }
}

// cell.scan.add_2 (Keras layer cell): s10.7 = add(cell.scan.mul, cell.scan.mul_2)
static void compute_cell_scan_add_2(const s9_7 x0[2], const s8_7 x1[2], s10_7 y[2]) {
  compute_cell_scan_add_2_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0] + x1[i0];
  }
}

// cell.scan.quantize_2 (Keras layer cell): s4.3 = quantize(cell.scan.add_2, to=s4.3)
static void compute_cell_scan_quantize_2(const s10_7 x0[2], s4_3_half_even_saturate y[2]) {
  compute_cell_scan_quantize_2_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0];
  }
}

// cell.scan.quantize_3 (Keras layer cell): s4.3 = quantize(cell.scan.mul_3, to=s4.3, overflow=saturate_symmetric)
static void compute_cell_scan_quantize_3(const s8_7 x0[2], s4_3_half_even_saturate_symmetric y[2]) {
  compute_cell_scan_quantize_3_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0];
  }
}

// cell.scan.quantize_4 (Keras layer cell): s4.3 = quantize(cell.scan.add_2, to=s4.3, overflow=saturate_symmetric)
static void compute_cell_scan_quantize_4(const s10_7 x0[2], s4_3_half_even_saturate_symmetric y[2]) {
  compute_cell_scan_quantize_4_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = x0[i0];
  }
}

// cell.scan (Keras layer cell): s8.7 = scan(cell.add, cell.start, cell.start_2, sequence=False)
static void compute_cell_scan(const s9_6 x0[24], s8_7 y[2]) {
  QHLS_BUFFER s9_6 cell_scan_row[8];
  #pragma HLS ARRAY_PARTITION variable=cell_scan_row type=complete
  QHLS_BUFFER s5_3 cell_scan_state[2];
  #pragma HLS ARRAY_PARTITION variable=cell_scan_state type=complete
  QHLS_BUFFER s5_3 cell_scan_state_2[2];
  #pragma HLS ARRAY_PARTITION variable=cell_scan_state_2 type=complete
  compute_cell_scan_start_0: for (int i = 0; i < 2; ++i) {
    #pragma HLS UNROLL
    cell_scan_state[i] = cell_start[i];
  }
  compute_cell_scan_start_1: for (int i = 0; i < 2; ++i) {
    #pragma HLS UNROLL
    cell_scan_state_2[i] = cell_start_2[i];
  }
  compute_cell_scan_steps: for (int t = 0; t < 3; ++t) {
    compute_cell_scan_row: for (int i = 0; i < 8; ++i) {
      #pragma HLS UNROLL
      cell_scan_row[i] = x0[t * 8 + i];
    }
    QHLS_BUFFER s9_6 cell_scan_matmul[8];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_matmul type=complete
    compute_cell_scan_matmul(cell_scan_state, cell_scan_matmul);
    QHLS_BUFFER s10_6 cell_scan_add[8];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_add type=complete
    compute_cell_scan_add(cell_scan_row, cell_scan_matmul, cell_scan_add);
    QHLS_BUFFER u4_4 cell_scan_threshold_3[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_threshold_3 type=complete
    compute_cell_scan_threshold_3(cell_scan_add, cell_scan_threshold_3);
    QHLS_BUFFER u4_4 cell_scan_threshold[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_threshold type=complete
    compute_cell_scan_threshold(cell_scan_add, cell_scan_threshold);
    QHLS_BUFFER s9_7 cell_scan_mul[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_mul type=complete
    compute_cell_scan_mul(cell_scan_threshold, cell_scan_state_2, cell_scan_mul);
    QHLS_BUFFER u4_4 cell_scan_threshold_2[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_threshold_2 type=complete
    compute_cell_scan_threshold_2(cell_scan_add, cell_scan_threshold_2);
    QHLS_BUFFER s4_3_half_even_saturate cell_scan_quantize[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_quantize type=complete
    compute_cell_scan_quantize(cell_scan_add, cell_scan_quantize);
    QHLS_BUFFER s8_7 cell_scan_mul_2[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_mul_2 type=complete
    compute_cell_scan_mul_2(cell_scan_threshold_2, cell_scan_quantize, cell_scan_mul_2);
    QHLS_BUFFER s10_7 cell_scan_add_2[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_add_2 type=complete
    compute_cell_scan_add_2(cell_scan_mul, cell_scan_mul_2, cell_scan_add_2);
    QHLS_BUFFER s4_3_half_even_saturate cell_scan_quantize_2[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_quantize_2 type=complete
    compute_cell_scan_quantize_2(cell_scan_add_2, cell_scan_quantize_2);
    QHLS_BUFFER s8_7 cell_scan_mul_3[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_mul_3 type=complete
    compute_cell_scan_mul_2(cell_scan_threshold_3, cell_scan_quantize_2, cell_scan_mul_3);
    QHLS_BUFFER s4_3_half_even_saturate_symmetric cell_scan_quantize_3[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_quantize_3 type=complete
    compute_cell_scan_quantize_3(cell_scan_mul_3, cell_scan_quantize_3);
    QHLS_BUFFER s4_3_half_even_saturate_symmetric cell_scan_quantize_4[2];
    #pragma HLS ARRAY_PARTITION variable=cell_scan_quantize_4 type=complete
    compute_cell_scan_quantize_4(cell_scan_add_2, cell_scan_quantize_4);
    compute_cell_scan_result: for (int i = 0; i < 2; ++i) {
      #pragma HLS UNROLL
      y[i] = cell_scan_mul_3[i];
    }
    compute_cell_scan_carry_0: for (int i = 0; i < 2; ++i) {
      #pragma HLS UNROLL
      cell_scan_state[i] = cell_scan_quantize_3[i];
    }
    compute_cell_scan_carry_1: for (int i = 0; i < 2; ++i) {
      #pragma HLS UNROLL
      cell_scan_state_2[i] = cell_scan_quantize_4[i];
    }
  }
}

// cell.add: 3 steps of s8.6 = matmul(x, cell.kernel)
struct cell_add_product : qhls::Product {
  static const int cycles = 7, steps = 3, longest = 2, tokens = 3, tapped = 1, channels = 2, g = 2, filters = 8;
  // then cell.add
  static void finish(const s8_6 x0[8], s9_6 y[8], int) {
    #pragma HLS ARRAY_PARTITION variable=cell_bias_codes type=complete
    for (int i1 = 0; i1 < 8; ++i1) {
      #pragma HLS UNROLL
      y[i1] = x0[i1] + cell_bias[i1];
    }
  }
};
static void run_cell_add(qhls::Stream<s4_3, 2>& in0, qhls::Stream<s9_6, 8>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=cell_kernel_codes type=cyclic factor=8
  qhls::multiply<cell_add_product, s8_6>(in0, out0, cell_kernel);
}

// cell.scan: 1 step of compute_cell_scan
static void run_cell_scan(qhls::Stream<s9_6, 8>& in0, qhls::Stream<s8_7, 2>& out0) {
  QHLS_BUFFER s9_6 x0[24];
  #pragma HLS ARRAY_PARTITION variable=x0 type=complete
  run_cell_scan_read: for (int t = 0; t < 3; ++t) {
    #pragma HLS PIPELINE II=1
    const qhls::Token<s9_6, 8> x0_token = in0.read();
    for (int l = 0; l < 8; ++l) {
      #pragma HLS UNROLL
      x0[t * 8 + l] = x0_token.data[l];
    }
  }
  qhls::Token<s8_7, 2> y_token;
  compute_cell_scan(x0, y_token.data);
  out0.write(y_token);
}

// scores.add: 1 step of s12.10 = matmul(cell.scan, scores.kernel)
struct scores_add_product : qhls::Product {
  static const int cycles = 3, steps = 1, longest = 2, op = 3, tokens = 1, tapped = 1, channels = 2, g = 2, filters = 2;
  // then scores.add
  static void finish(const s12_10 x0[2], s12_10 y[2], int) {
    #pragma HLS ARRAY_PARTITION variable=scores_bias_codes type=complete
    for (int i0 = 0; i0 < 2; ++i0) {
      #pragma HLS UNROLL
      y[i0] = x0[i0] + scores_bias[i0];
    }
  }
};
static void run_scores_add(qhls::Stream<s8_7, 2>& in0, qhls::Stream<s12_10, 2>& out0) {
  #pragma HLS ARRAY_RESHAPE variable=scores_kernel_codes type=cyclic factor=2
  qhls::multiply<scores_add_product, s12_10>(in0, out0, scores_kernel);
}

void lstm(qhls::Port<s4_3, 2>& x, qhls::Port<s12_10, 2>& result) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=axis port=x
  #pragma HLS INTERFACE mode=axis port=result
  #pragma HLS DATAFLOW
  qhls::Stream<s9_6, 8> cell_add("cell_add");
  #pragma HLS STREAM variable=cell_add depth=2
  qhls::Stream<s8_7, 2> cell_scan("cell_scan");
  #pragma HLS STREAM variable=cell_scan depth=2
  qhls::Stream<s4_3, 2> x_tokens("x_tokens");
  #pragma HLS STREAM variable=x_tokens depth=2
  qhls::Stream<s12_10, 2> result_tokens("result_tokens");
  #pragma HLS STREAM variable=result_tokens depth=2
  qhls::receive<3>(x, x_tokens);
  run_cell_add(x_tokens, cell_add);
  QHLS_TAP_TOKENS(1, cell_add, 3)
  run_cell_scan(cell_add, cell_scan);
  QHLS_TAP_TOKENS(2, cell_scan, 1)
  run_scores_add(cell_scan, result_tokens);
  QHLS_TAP_TOKENS(4, result_tokens, 1)
  qhls::send<1>(result_tokens, result);
}
