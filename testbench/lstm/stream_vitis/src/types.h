// The number types of lstm, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_fixed<9, 3> s9_6;  // s9.6
typedef ap_fixed<8, 1> s8_7;  // s8.7
typedef ap_fixed<8, 2> s8_6;  // s8.6
typedef ap_fixed<12, 2> s12_10;  // s12.10
typedef ap_fixed<4, 1> s4_3;  // s4.3
typedef ap_ufixed<1, 1> u1_0;  // u1.0
typedef ap_fixed<7, 1> s7_6;  // s7.6
typedef ap_fixed<5, 2> s5_3;  // s5.3
typedef ap_fixed<10, 4> s10_6;  // s10.6
typedef ap_ufixed<4, 0> u4_4;  // u4.4
typedef ap_fixed<9, 2> s9_7;  // s9.7
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT> s4_3_half_even_saturate;  // s4.3
typedef ap_fixed<10, 3> s10_7;  // s10.7
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT_SYM> s4_3_half_even_saturate_symmetric;  // s4.3
#endif
