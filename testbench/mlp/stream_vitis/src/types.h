// The number types of mlp, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> relu_quantize_type;  // u4.2
typedef ap_fixed<9, 3> hidden_matmul_type;  // s9.6
typedef ap_fixed<10, 5> scores_matmul_type;  // s10.5
typedef ap_fixed<9, 4> scores_add_type;  // s9.5
typedef ap_fixed<4, 1> hidden_kernel_type;  // s4.3
typedef ap_fixed<4, 1> hidden_bias_type;  // s4.3
typedef ap_fixed<4, 1> scores_kernel_type;  // s4.3
typedef ap_fixed<4, 1> scores_bias_type;  // s4.3
typedef ap_fixed<4, 1> x_type;  // s4.3
typedef ap_fixed<9, 3> hidden_add_type;  // s9.6
#endif
