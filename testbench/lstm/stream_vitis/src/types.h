// The number types of lstm, for AMD Vitis HLS.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ap_fixed<9, 3> cell_add_type;  // s9.6
typedef ap_fixed<8, 1> cell_scan_type;  // s8.7
typedef ap_fixed<8, 2> cell_matmul_type;  // s8.6
typedef ap_fixed<12, 2> scores_matmul_type;  // s12.10
typedef ap_fixed<12, 2> scores_add_type;  // s12.10
typedef ap_fixed<4, 1> cell_kernel_type;  // s4.3
typedef ap_fixed<4, 1> cell_bias_type;  // s4.3
typedef ap_ufixed<1, 1> cell_start_type;  // u1.0
typedef ap_ufixed<1, 1> cell_start_2_type;  // u1.0
typedef ap_fixed<4, 1> cell_scan_recurrent_kernel_type;  // s4.3
typedef ap_fixed<7, 1> cell_scan_thresholds_3_type;  // s7.6
typedef ap_fixed<7, 1> cell_scan_thresholds_type;  // s7.6
typedef ap_fixed<7, 1> cell_scan_thresholds_2_type;  // s7.6
typedef ap_fixed<4, 1> scores_kernel_type;  // s4.3
typedef ap_fixed<4, 1> scores_bias_type;  // s4.3
typedef ap_fixed<4, 1> x_type;  // s4.3
typedef ap_fixed<9, 3> cell_scan_row_type;  // s9.6
typedef ap_fixed<5, 2> cell_scan_state_type;  // s5.3
typedef ap_fixed<5, 2> cell_scan_state_2_type;  // s5.3
typedef ap_fixed<9, 3> cell_scan_matmul_type;  // s9.6
typedef ap_fixed<10, 4> cell_scan_add_type;  // s10.6
typedef ap_fixed<10, 4> cell_scan_view_4_type;  // s10.6
typedef ap_ufixed<4, 0> cell_scan_threshold_3_type;  // u4.4
typedef ap_fixed<10, 4> cell_scan_view_2_type;  // s10.6
typedef ap_ufixed<4, 0> cell_scan_threshold_type;  // u4.4
typedef ap_fixed<9, 2> cell_scan_mul_type;  // s9.7
typedef ap_fixed<10, 4> cell_scan_view_type;  // s10.6
typedef ap_ufixed<4, 0> cell_scan_threshold_2_type;  // u4.4
typedef ap_fixed<10, 4> cell_scan_view_3_type;  // s10.6
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT> cell_scan_quantize_type;  // s4.3
typedef ap_fixed<8, 1> cell_scan_mul_2_type;  // s8.7
typedef ap_fixed<10, 3> cell_scan_add_2_type;  // s10.7
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT> cell_scan_quantize_2_type;  // s4.3
typedef ap_fixed<8, 1> cell_scan_mul_3_type;  // s8.7
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT_SYM> cell_scan_quantize_3_type;  // s4.3
typedef ap_fixed<4, 1, AP_RND_CONV, AP_SAT_SYM> cell_scan_quantize_4_type;  // s4.3
#endif
