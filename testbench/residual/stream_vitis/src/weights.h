// The constants of residual: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// first.kernel: 2 x 2
static const QHLS_CODES(signed char, ap_int<4>) first_kernel_codes[4] = {3,-3,-5,7};
QHLS_TABLE(s4_3, first_kernel, first_kernel_codes, 4)

// first.bias: 2
static const QHLS_CODES(signed char, ap_int<4>) first_bias_codes[2] = {-6,-3};
QHLS_TABLE(s4_3, first_bias, first_bias_codes, 2)

// second.kernel: 2 x 18
static const QHLS_CODES(signed char, ap_int<4>) second_kernel_codes[36] = {2,-7,-2,0,5,-2,4,-1,-2,4,-2,-3,-1,-4,-5,-2,1,2,2,1,-7,7,-6,6,-7,-1,-7,5,-1,-7,-5,-6,5,-4,1,6};
QHLS_TABLE(s4_3, second_kernel, second_kernel_codes, 36)

// second.bias: 2
static const QHLS_CODES(signed char, ap_int<3>) second_bias_codes[2] = {0,-3};
QHLS_TABLE(s3_2, second_bias, second_bias_codes, 2)
#endif
