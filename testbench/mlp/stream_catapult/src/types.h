// The number types of mlp, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> relu_quantize_type;  // u4.2
typedef ac_fixed<9, 3, true> hidden_matmul_type;  // s9.6
typedef ac_fixed<10, 5, true> scores_matmul_type;  // s10.5
typedef ac_fixed<9, 4, true> scores_add_type;  // s9.5
typedef ac_fixed<4, 1, true> hidden_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> hidden_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> scores_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> scores_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> x_type;  // s4.3
typedef ac_fixed<9, 3, true> hidden_add_type;  // s9.6
#endif
