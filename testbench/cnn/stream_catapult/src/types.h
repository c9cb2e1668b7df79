// The number types of cnn, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<4, 2, false, AC_RND_CONV, AC_SAT> u4_2_half_even_saturate;  // u4.2
typedef ac_fixed<4, 2, false> u4_2;  // u4.2
typedef ac_fixed<11, 5, true> s11_6;  // s11.6
typedef ac_fixed<10, 5, true> s10_5;  // s10.5
typedef ac_fixed<4, 1, true> s4_3;  // s4.3
#endif
