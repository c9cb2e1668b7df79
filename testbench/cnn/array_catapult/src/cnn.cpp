// cnn for Siemens Catapult. Generated from a quantised model by qhls; graph.txt shows the whole design.
#include "top.h"
#include "weights.h"

// conv.conv, conv.add, relu.quantize (Keras layers conv, relu): s11.6 = conv(conv.pad, conv.kernel); s11.6 = add(conv.conv, conv.bias); u4.2 = quantize(conv.add, to=u4.2)
static void compute_relu_quantize(const s4_3 x0[32], u4_2_half_even_saturate y[48]) {
  static_assert(qhls::frac<decltype(x0[0] * conv_kernel[0])>() == qhls::frac<s11_6>(),
  "binary points of product and accumulator differ");
  compute_relu_quantize_rows: for (int r = 0; r < 4; ++r) {
    #pragma hls_pipeline_init_interval 1
    compute_relu_quantize_columns: for (int c = 0; c < 4; ++c) {
      ac_int<11, true> sum[3];  // integers: product and accumulator share a binary point
      // sum: registers, by the memory threshold in build.tcl
      #pragma hls_unroll yes
      for (int n = 0; n < 3; ++n) {
        sum[n] = (ac_int<11, true>(qhls::bits(conv_bias[n])) << 3);
      }
      #pragma hls_unroll yes
      for (int i = 0; i < 3; ++i) {
        #pragma hls_unroll yes
        for (int j = 0; j < 3; ++j) {
          #pragma hls_unroll yes
          for (int k = 0; k < 2; ++k) {
            ac_int<4, true> x = 0;
            if (r + i >= 1 && r + i < 5 && c + j >= 1 && c + j < 5) x = qhls::bits(x0[(r + i - 1) * 8 + (c + j - 1) * 2 + k]);
            #pragma hls_unroll yes
            for (int n = 0; n < 3; ++n) {
              sum[n] += x * qhls::bits(conv_kernel[i * 18 + j * 6 + k * 3 + n]);
            }
          }
        }
      }
      #pragma hls_unroll yes
      for (int n = 0; n < 3; ++n) {
        s11_6 r0 = qhls::with_bits<s11_6>(sum[n]);
        QHLS_TAP_ELEMENT(1, r * 12 + c * 3 + n, r0)
        y[r * 12 + c * 3 + n] = r0;
      }
    }
  }
}

// pool.pool (Keras layer pool): u4.2 = pool(relu.quantize, window=(2,2), strides=(2,2))
static void compute_pool_pool(const u4_2_half_even_saturate x0[48], u4_2 y[12]) {
  compute_pool_pool_rows: for (int r = 0; r < 2; ++r) {
    #pragma hls_pipeline_init_interval 1
    compute_pool_pool_columns: for (int c = 0; c < 2; ++c) {
      #pragma hls_unroll yes
      for (int k = 0; k < 3; ++k) {
        u4_2_half_even_saturate best = x0[(r * 2) * 12 + (c * 2) * 3 + k];
        #pragma hls_unroll yes
        for (int i = 0; i < 2; ++i) {
          #pragma hls_unroll yes
          for (int j = 0; j < 2; ++j) {
            const u4_2_half_even_saturate tap = x0[(r * 2 + i) * 12 + (c * 2 + j) * 3 + k];
            if (tap > best) best = tap;
          }
        }
        y[r * 6 + c * 3 + k] = best;
      }
    }
  }
}

// scores: matmul, add (Keras layer scores): s10.5 = matmul(flat.reshape, scores.kernel); s10.5 = add(scores.matmul, scores.bias)
static void compute_scores_add(const u4_2 x0[12], s10_5 y[3]) {
  static_assert(qhls::frac<decltype(x0[0] * scores_kernel[0])>() == qhls::frac<s10_5>(),
  "binary points of product and accumulator differ");
  #pragma hls_pipeline_init_interval 1
  compute_scores_add_rows: for (int r = 0; r < 1; ++r) {
    ac_int<10, true> sum[3];  // integers: product and accumulator share a binary point
    // sum: registers, by the memory threshold in build.tcl
    #pragma hls_unroll yes
    for (int j = 0; j < 3; ++j) {
      sum[j] = (ac_int<10, true>(qhls::bits(scores_bias[j])) << 2);
    }
    #pragma hls_unroll yes
    for (int i = 0; i < 12; ++i) {
      const ac_int<4, false> x = qhls::bits(x0[i]);
      #pragma hls_unroll yes
      for (int j = 0; j < 3; ++j) {
        sum[j] += x * qhls::bits(scores_kernel[i * 3 + j]);
      }
    }
    #pragma hls_unroll yes
    for (int j = 0; j < 3; ++j) {
      y[j] = qhls::with_bits<s10_5>(sum[j]);
    }
  }
}

static void store_result(const s10_5 x0[3], s10_5 y[3]) {
  #pragma hls_unroll yes
  store_result_elements: for (int i = 0; i < 3; ++i) {
    y[i] = x0[i];
  }
}

#pragma hls_design top
void CCS_BLOCK(cnn)(const s4_3 x[32], s10_5 result[3]) {
  QHLS_CALL(0)
  QHLS_BUFFER u4_2_half_even_saturate relu_quantize[48];
  // relu_quantize: registers, by the memory threshold in build.tcl
  compute_relu_quantize(x, relu_quantize);
  QHLS_TAP(2, relu_quantize, 48)
  QHLS_BUFFER u4_2 pool_pool[12];
  // pool_pool: registers, by the memory threshold in build.tcl
  compute_pool_pool(relu_quantize, pool_pool);
  QHLS_TAP(3, pool_pool, 12)
  QHLS_CALL(4)
  QHLS_BUFFER s10_5 scores_add[3];
  // scores_add: registers, by the memory threshold in build.tcl
  compute_scores_add(pool_pool, scores_add);
  QHLS_TAP(5, scores_add, 3)
  store_result(scores_add, result);
}
