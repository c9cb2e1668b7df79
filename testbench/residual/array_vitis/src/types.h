// The number types of residual, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_fixed<4, 1> s4_3;  // s4.3
typedef ap_fixed<3, 1> s3_2;  // s3.2
typedef ap_fixed<8, 2> s8_6;  // s8.6
typedef ap_ufixed<4, 2, AP_RND_CONV, AP_SAT> u4_2_half_even_saturate;  // u4.2
typedef ap_fixed<8, 3> s8_5;  // s8.5
typedef ap_ufixed<4, 2> u4_2;  // u4.2
typedef ap_ufixed<7, 5> u7_2;  // u7.2
typedef ap_ufixed<7, 1> u7_6;  // u7.6
#endif
