// The number types of residual, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> relu_quantize_type;  // u4.2
typedef ac_fixed<2, 0, false> second_pad_type;  // u2.2
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> rounded_quantize_type;  // u4.2
typedef ac_fixed<4, 2, false> skip_add_type;  // u4.2
typedef ac_fixed<7, 5, false> mean_pool_type;  // u7.2
typedef ac_fixed<8, 2, true> first_conv_type;  // s8.6
typedef ac_fixed<8, 3, true> second_conv_type;  // s8.5
typedef ac_fixed<7, 1, false> mean_shift_type;  // u7.6
typedef ac_fixed<4, 1, true> first_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> first_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> second_kernel_type;  // s4.3
typedef ac_fixed<3, 1, true> second_bias_type;  // s3.2
typedef ac_fixed<4, 1, true> x_type;  // s4.3
typedef ac_fixed<8, 2, true> first_add_type;  // s8.6
typedef ac_fixed<8, 3, true> second_add_type;  // s8.5
#endif
