// The constants of mlp: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// hidden.kernel: 6 x 5
static const QHLS_CODES(signed char, ac_int<4, true>) hidden_kernel_codes[30] = {4,-7,-6,-5,-6,4,5,1,-7,-7,-3,-2,1,-1,-4,-6,3,3,-7,-7,-1,-2,6,0,-2,-2,2,1,-6,3};
QHLS_TABLE(s4_3, hidden_kernel, hidden_kernel_codes, 30)

// hidden.bias: 5
static const QHLS_CODES(signed char, ac_int<4, true>) hidden_bias_codes[5] = {4,7,4,-4,-3};
QHLS_TABLE(s4_3, hidden_bias, hidden_bias_codes, 5)

// scores.kernel: 5 x 3
static const QHLS_CODES(signed char, ac_int<4, true>) scores_kernel_codes[15] = {2,2,3,5,-4,7,-7,-7,7,7,-4,-6,-3,-7,6};
QHLS_TABLE(s4_3, scores_kernel, scores_kernel_codes, 15)

// scores.bias: 3
static const QHLS_CODES(signed char, ac_int<4, true>) scores_bias_codes[3] = {2,1,-5};
QHLS_TABLE(s4_3, scores_bias, scores_bias_codes, 3)
#endif
