// The number types of residual, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> relu_quantize_type;  // u4.2
typedef ap_ufixed<2, 0> second_pad_type;  // u2.2
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> rounded_quantize_type;  // u4.2
typedef ap_ufixed<4, 2> skip_add_type;  // u4.2
typedef ap_ufixed<7, 5> mean_pool_type;  // u7.2
typedef ap_fixed<8, 2> first_conv_type;  // s8.6
typedef ap_fixed<8, 3> second_conv_type;  // s8.5
typedef ap_ufixed<7, 1> mean_shift_type;  // u7.6
typedef ap_fixed<4, 1> first_kernel_type;  // s4.3
typedef ap_fixed<4, 1> first_bias_type;  // s4.3
typedef ap_fixed<4, 1> second_kernel_type;  // s4.3
typedef ap_fixed<3, 1> second_bias_type;  // s3.2
typedef ap_fixed<4, 1> x_type;  // s4.3
typedef ap_fixed<8, 2> first_add_type;  // s8.6
typedef ap_fixed<8, 3> second_add_type;  // s8.5
#endif
