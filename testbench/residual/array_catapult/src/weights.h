// The constants of residual: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// first.kernel: 1 x 1 x 2 x 2
static const QHLS_CODES(signed char, ac_int<4, true>) first_kernel_codes[4] = {3,-3,-5,7};
QHLS_TABLE(s4_3, first_kernel, first_kernel_codes, 4)

// first.bias: 2
static const QHLS_CODES(signed char, ac_int<4, true>) first_bias_codes[2] = {-6,-3};
QHLS_TABLE(s4_3, first_bias, first_bias_codes, 2)

// second.kernel: 3 x 3 x 2 x 2
static const QHLS_CODES(signed char, ac_int<4, true>) second_kernel_codes[36] = {2,4,2,5,-7,-2,1,-1,-2,-3,-7,-7,0,-1,7,-5,5,-4,-6,-6,-2,-5,6,5,4,-2,-7,-4,-1,1,-1,1,-2,2,-7,6};
QHLS_TABLE(s4_3, second_kernel, second_kernel_codes, 36)

// second.bias: 2
static const QHLS_CODES(signed char, ac_int<3, true>) second_bias_codes[2] = {0,-3};
QHLS_TABLE(s3_2, second_bias, second_bias_codes, 2)
#endif
