// The constants of cnn: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// conv.kernel: 3 x 3 x 2 x 3
static const QHLS_CODES(signed char, ac_int<4, true>) conv_kernel_codes[54] = {4,-7,-6,-5,-6,4,5,1,-7,-7,-3,-2,1,-1,-4,-6,3,3,-7,-7,-1,-2,6,0,-2,-2,2,1,-6,3,4,7,4,-4,-3,2,2,3,5,-4,7,-7,-7,7,7,-4,-6,-3,-7,6,2,1,-5,-1};
QHLS_TABLE(s4_3, conv_kernel, conv_kernel_codes, 54)

// conv.bias: 3
static const QHLS_CODES(signed char, ac_int<4, true>) conv_bias_codes[3] = {-5,4,-1};
QHLS_TABLE(s4_3, conv_bias, conv_bias_codes, 3)

// scores.kernel: 12 x 3
static const QHLS_CODES(signed char, ac_int<4, true>) scores_kernel_codes[36] = {-7,-4,3,0,-3,-4,-7,1,2,0,6,6,-5,1,2,-5,-4,-1,3,-4,3,2,-5,-2,5,5,2,-7,2,-5,5,6,-2,7,4,-3};
QHLS_TABLE(s4_3, scores_kernel, scores_kernel_codes, 36)

// scores.bias: 3
static const QHLS_CODES(signed char, ac_int<4, true>) scores_bias_codes[3] = {6,-2,-7};
QHLS_TABLE(s4_3, scores_bias, scores_bias_codes, 3)
#endif
