// The number types of residual, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<4, 1, true> s4_3;  // s4.3
typedef ac_fixed<3, 1, true> s3_2;  // s3.2
typedef ac_fixed<8, 2, true> s8_6;  // s8.6
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> u4_2_half_even_saturate;  // u4.2
typedef ac_fixed<8, 3, true> s8_5;  // s8.5
typedef ac_fixed<4, 2, false> u4_2;  // u4.2
typedef ac_fixed<7, 5, false> u7_2;  // u7.2
typedef ac_fixed<7, 1, false> u7_6;  // u7.6
#endif
