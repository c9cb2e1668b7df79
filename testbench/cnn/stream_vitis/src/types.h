// The number types of cnn, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_fixed<4, 1> conv_pad_type;  // s4.3
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> relu_quantize_type;  // u4.2
typedef ap_ufixed<4, 2> pool_pool_type;  // u4.2
typedef ap_fixed<11, 5> conv_conv_type;  // s11.6
typedef ap_fixed<10, 5> scores_matmul_type;  // s10.5
typedef ap_fixed<10, 5> scores_add_type;  // s10.5
typedef ap_fixed<4, 1> conv_kernel_type;  // s4.3
typedef ap_fixed<4, 1> conv_bias_type;  // s4.3
typedef ap_fixed<4, 1> scores_kernel_type;  // s4.3
typedef ap_fixed<4, 1> scores_bias_type;  // s4.3
typedef ap_fixed<4, 1> x_type;  // s4.3
typedef ap_fixed<11, 5> conv_add_type;  // s11.6
#endif
