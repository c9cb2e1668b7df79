// The number types of cnn, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> u4_2_half_even_saturate;  // u4.2
typedef ap_ufixed<4, 2> u4_2;  // u4.2
typedef ap_fixed<11, 5> s11_6;  // s11.6
typedef ap_fixed<10, 5> s10_5;  // s10.5
typedef ap_fixed<4, 1> s4_3;  // s4.3
#endif
