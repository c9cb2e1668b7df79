// residual for AMD Vitis HLS. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// first.conv, first.add, relu.quantize (Keras layers first, relu): s8.6 = conv(x, first.kernel); s8.6 = add(first.conv, first.bias); u4.2 = quantize(first.add, to=u4.2)
static void compute_relu_quantize(const s4_3 x0[32], u4_2_half_even_saturate y[32]) {
  #pragma HLS ARRAY_PARTITION variable=first_bias_codes type=complete
  static_assert(qhls::frac<decltype(x0[0] * first_kernel[0])>() == qhls::frac<s8_6>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_PARTITION variable=first_kernel_codes type=complete
  compute_relu_quantize_rows: for (int r = 0; r < 4; ++r) {
    compute_relu_quantize_columns: for (int c = 0; c < 4; ++c) {
      #pragma HLS PIPELINE II=1
      ap_int<8> sum[2];  // integers: product and accumulator share a binary point
      #pragma HLS ARRAY_PARTITION variable=sum type=complete
      for (int n = 0; n < 2; ++n) {
        #pragma HLS UNROLL
        sum[n] = (ap_int<8>(qhls::bits(first_bias[n])) << 3);
      }
      for (int i = 0; i < 1; ++i) {
        #pragma HLS UNROLL
        for (int j = 0; j < 1; ++j) {
          #pragma HLS UNROLL
          for (int k = 0; k < 2; ++k) {
            #pragma HLS UNROLL
            const ap_int<4> x = qhls::bits(x0[(r + i) * 8 + (c + j) * 2 + k]);
            for (int n = 0; n < 2; ++n) {
              #pragma HLS UNROLL
              sum[n] += x * qhls::bits(first_kernel[k * 2 + n]);
            }
          }
        }
      }
      for (int n = 0; n < 2; ++n) {
        #pragma HLS UNROLL
        s8_6 r0 = qhls::with_bits<s8_6>(sum[n]);
        QHLS_TAP_ELEMENT(1, r * 8 + c * 2 + n, r0)
        y[r * 8 + c * 2 + n] = r0;
      }
    }
  }
}

// second.conv, second.add, rounded.quantize (Keras layers second, rounded): s8.5 = conv(second.pad, second.kernel); s8.5 = add(second.conv, second.bias); u4.2 = quantize(second.add, to=u4.2)
static void compute_rounded_quantize(const u4_2_half_even_saturate x0[32], u4_2_half_even_saturate y[32]) {
  #pragma HLS ARRAY_PARTITION variable=second_bias_codes type=complete
  static_assert(qhls::frac<decltype(x0[0] * second_kernel[0])>() == qhls::frac<s8_5>(),
  "binary points of product and accumulator differ");
  #pragma HLS ARRAY_PARTITION variable=second_kernel_codes type=complete
  compute_rounded_quantize_rows: for (int r = 0; r < 4; ++r) {
    compute_rounded_quantize_columns: for (int c = 0; c < 4; ++c) {
      #pragma HLS PIPELINE II=1
      ap_int<8> sum[2];  // integers: product and accumulator share a binary point
      #pragma HLS ARRAY_PARTITION variable=sum type=complete
      for (int n = 0; n < 2; ++n) {
        #pragma HLS UNROLL
        sum[n] = (ap_int<8>(qhls::bits(second_bias[n])) << 3);
      }
      for (int i = 0; i < 3; ++i) {
        #pragma HLS UNROLL
        for (int j = 0; j < 3; ++j) {
          #pragma HLS UNROLL
          for (int k = 0; k < 2; ++k) {
            #pragma HLS UNROLL
            ap_uint<4> x = 0;
            if (r + i >= 1 && r + i < 5 && c + j >= 1 && c + j < 5) x = qhls::bits(x0[(r + i - 1) * 8 + (c + j - 1) * 2 + k]);
            for (int n = 0; n < 2; ++n) {
              #pragma HLS UNROLL
              sum[n] += x * qhls::bits(second_kernel[i * 12 + j * 4 + k * 2 + n]);
            }
          }
        }
      }
      for (int n = 0; n < 2; ++n) {
        #pragma HLS UNROLL
        s8_5 r0 = qhls::with_bits<s8_5>(sum[n]);
        QHLS_TAP_ELEMENT(1, r * 8 + c * 2 + n, r0)
        y[r * 8 + c * 2 + n] = r0;
      }
    }
  }
}

// skip.add (Keras layer skip): u4.2 = add(relu.quantize, rounded.quantize)
static void compute_skip_add(const u4_2_half_even_saturate x0[32], const u4_2_half_even_saturate x1[32], u4_2 y[32]) {
  compute_skip_add_elements: for (int i0 = 0; i0 < 4; ++i0) {
    #pragma HLS UNROLL
    for (int i1 = 0; i1 < 4; ++i1) {
      #pragma HLS UNROLL
      for (int i2 = 0; i2 < 2; ++i2) {
        #pragma HLS UNROLL
        y[i0 * 8 + i1 * 2 + i2] = x0[i0 * 8 + i1 * 2 + i2] + x1[i0 * 8 + i1 * 2 + i2];
      }
    }
  }
}

// mean.pool (Keras layer mean): u7.2 = pool(skip.add, window=(4,4), strides=(1,1), reduction=sum)
static void compute_mean_pool(const u4_2 x0[32], u7_2 y[2]) {
  compute_mean_pool_rows: for (int r = 0; r < 1; ++r) {
    compute_mean_pool_columns: for (int c = 0; c < 1; ++c) {
      #pragma HLS PIPELINE II=1
      for (int k = 0; k < 2; ++k) {
        #pragma HLS UNROLL
        u7_2 sum = 0;
        for (int i = 0; i < 4; ++i) {
          #pragma HLS UNROLL
          for (int j = 0; j < 4; ++j) {
            #pragma HLS UNROLL
            const u4_2 tap = x0[(r + i) * 8 + (c + j) * 2 + k];
            sum += tap;
          }
        }
        y[k] = sum;
      }
    }
  }
}

// mean.shift (Keras layer mean): u7.6 = shift(mean.reshape, power=-4)
static void compute_mean_shift(const u7_2 x0[2], u7_6 y[2]) {
  compute_mean_shift_elements: for (int i0 = 0; i0 < 2; ++i0) {
    #pragma HLS UNROLL
    y[i0] = qhls::with_bits<u7_6>(x0[i0]);
  }
}

static void store_result(const u7_6 x0[2], u7_6 y[2]) {
  store_result_elements: for (int i = 0; i < 2; ++i) {
    #pragma HLS UNROLL
    y[i] = x0[i];
  }
}

void residual(const s4_3 x[32], u7_6 result[2]) {
  #pragma HLS INTERFACE mode=ap_ctrl_hs port=return
  #pragma HLS INTERFACE mode=ap_none port=x
  #pragma HLS ARRAY_PARTITION variable=x type=complete
  #pragma HLS INTERFACE mode=ap_vld port=result
  #pragma HLS ARRAY_PARTITION variable=result type=complete
  // DATAFLOW disabled: several calls read relu.quantize.
  // DATAFLOW disabled: tensors of different depths meet in skip.add.
  QHLS_CALL(0)
  QHLS_BUFFER u4_2_half_even_saturate relu_quantize[32];
  #pragma HLS ARRAY_PARTITION variable=relu_quantize type=complete
  compute_relu_quantize(x, relu_quantize);
  QHLS_TAP(2, relu_quantize, 32)
  QHLS_CALL(3)
  QHLS_BUFFER u4_2_half_even_saturate rounded_quantize[32];
  #pragma HLS ARRAY_PARTITION variable=rounded_quantize type=complete
  compute_rounded_quantize(relu_quantize, rounded_quantize);
  QHLS_TAP(5, rounded_quantize, 32)
  QHLS_BUFFER u4_2 skip_add[32];
  #pragma HLS ARRAY_PARTITION variable=skip_add type=complete
  compute_skip_add(relu_quantize, rounded_quantize, skip_add);
  QHLS_TAP(6, skip_add, 32)
  QHLS_BUFFER u7_2 mean_pool[2];
  #pragma HLS ARRAY_PARTITION variable=mean_pool type=complete
  compute_mean_pool(skip_add, mean_pool);
  QHLS_TAP(7, mean_pool, 2)
  QHLS_BUFFER u7_6 mean_shift[2];
  #pragma HLS ARRAY_PARTITION variable=mean_shift type=complete
  compute_mean_shift(mean_pool, mean_shift);
  QHLS_TAP(8, mean_shift, 2)
  store_result(mean_shift, result);
}
