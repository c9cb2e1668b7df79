// The number types of lstm, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<9, 3, true> s9_6;  // s9.6
typedef ac_fixed<8, 1, true> s8_7;  // s8.7
typedef ac_fixed<8, 2, true> s8_6;  // s8.6
typedef ac_fixed<12, 2, true> s12_10;  // s12.10
typedef ac_fixed<4, 1, true> s4_3;  // s4.3
typedef ac_fixed<1, 1, false> u1_0;  // u1.0
typedef ac_fixed<7, 1, true> s7_6;  // s7.6
typedef ac_fixed<5, 2, true> s5_3;  // s5.3
typedef ac_fixed<10, 4, true> s10_6;  // s10.6
typedef ac_fixed<4, 0, false> u4_4;  // u4.4
typedef ac_fixed<9, 2, true> s9_7;  // s9.7
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT> s4_3_half_even_saturate;  // s4.3
typedef ac_fixed<10, 3, true> s10_7;  // s10.7
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT_SYM> s4_3_half_even_saturate_symmetric;  // s4.3
#endif
