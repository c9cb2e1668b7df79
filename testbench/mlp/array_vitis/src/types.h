// The number types of mlp, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_fixed<4, 1> s4_3;  // s4.3
typedef ap_fixed<9, 3> s9_6;  // s9.6
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> u4_2_half_even_saturate;  // u4.2
typedef ap_fixed<10, 5> s10_5;  // s10.5
typedef ap_fixed<9, 4> s9_5;  // s9.5
#endif
