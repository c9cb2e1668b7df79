// The number types of cnn, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<4, 1, true> conv_pad_type;  // s4.3
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> relu_quantize_type;  // u4.2
typedef ac_fixed<4, 2, false> pool_pool_type;  // u4.2
typedef ac_fixed<11, 5, true> conv_conv_type;  // s11.6
typedef ac_fixed<10, 5, true> scores_matmul_type;  // s10.5
typedef ac_fixed<10, 5, true> scores_add_type;  // s10.5
typedef ac_fixed<4, 1, true> conv_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> conv_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> scores_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> scores_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> x_type;  // s4.3
typedef ac_fixed<11, 5, true> conv_add_type;  // s11.6
#endif
