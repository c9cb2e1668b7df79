// The constants of mlp: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// hidden.kernel: 2 x 15
static const QHLS_CODES(signed char, ap_int<4>) hidden_kernel_codes[30] = {4,4,-3,-7,5,-2,-6,1,1,-5,-7,-1,-6,-7,-4,-6,-1,-2,3,-2,2,3,6,1,-7,0,-6,-7,-2,3};
QHLS_TABLE(s4_3, hidden_kernel, hidden_kernel_codes, 30)

// hidden.bias: 5
static const QHLS_CODES(signed char, ap_int<4>) hidden_bias_codes[5] = {4,7,4,-4,-3};
QHLS_TABLE(s4_3, hidden_bias, hidden_bias_codes, 5)

// scores.kernel: 2 x 9
static const QHLS_CODES(signed char, ap_int<4>) scores_kernel_codes[18] = {2,5,-7,2,-4,-7,3,7,7,7,-3,0,-4,-7,0,-6,6,0};
QHLS_TABLE(s4_3, scores_kernel, scores_kernel_codes, 18)

// scores.bias: 3
static const QHLS_CODES(signed char, ap_int<4>) scores_bias_codes[3] = {2,1,-5};
QHLS_TABLE(s4_3, scores_bias, scores_bias_codes, 3)
#endif
