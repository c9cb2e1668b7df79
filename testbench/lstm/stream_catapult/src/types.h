// The number types of lstm, for Siemens Catapult.
#ifndef QHLS_TYPES_H
#define QHLS_TYPES_H
#include "qhls.h"
typedef ac_fixed<9, 3, true> cell_add_type;  // s9.6
typedef ac_fixed<8, 1, true> cell_scan_type;  // s8.7
typedef ac_fixed<8, 2, true> cell_matmul_type;  // s8.6
typedef ac_fixed<12, 2, true> scores_matmul_type;  // s12.10
typedef ac_fixed<12, 2, true> scores_add_type;  // s12.10
typedef ac_fixed<4, 1, true> cell_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> cell_bias_type;  // s4.3
typedef ac_fixed<1, 1, false> cell_start_type;  // u1.0
typedef ac_fixed<1, 1, false> cell_start_2_type;  // u1.0
typedef ac_fixed<4, 1, true> cell_scan_recurrent_kernel_type;  // s4.3
typedef ac_fixed<7, 1, true> cell_scan_thresholds_3_type;  // s7.6
typedef ac_fixed<7, 1, true> cell_scan_thresholds_type;  // s7.6
typedef ac_fixed<7, 1, true> cell_scan_thresholds_2_type;  // s7.6
typedef ac_fixed<4, 1, true> scores_kernel_type;  // s4.3
typedef ac_fixed<4, 1, true> scores_bias_type;  // s4.3
typedef ac_fixed<4, 1, true> x_type;  // s4.3
typedef ac_fixed<9, 3, true> cell_scan_row_type;  // s9.6
typedef ac_fixed<5, 2, true> cell_scan_state_type;  // s5.3
typedef ac_fixed<5, 2, true> cell_scan_state_2_type;  // s5.3
typedef ac_fixed<9, 3, true> cell_scan_matmul_type;  // s9.6
typedef ac_fixed<10, 4, true> cell_scan_add_type;  // s10.6
typedef ac_fixed<10, 4, true> cell_scan_view_4_type;  // s10.6
typedef ac_fixed<4, 0, false> cell_scan_threshold_3_type;  // u4.4
typedef ac_fixed<10, 4, true> cell_scan_view_2_type;  // s10.6
typedef ac_fixed<4, 0, false> cell_scan_threshold_type;  // u4.4
typedef ac_fixed<9, 2, true> cell_scan_mul_type;  // s9.7
typedef ac_fixed<10, 4, true> cell_scan_view_type;  // s10.6
typedef ac_fixed<4, 0, false> cell_scan_threshold_2_type;  // u4.4
typedef ac_fixed<10, 4, true> cell_scan_view_3_type;  // s10.6
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT> cell_scan_quantize_type;  // s4.3
typedef ac_fixed<8, 1, true> cell_scan_mul_2_type;  // s8.7
typedef ac_fixed<10, 3, true> cell_scan_add_2_type;  // s10.7
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT> cell_scan_quantize_2_type;  // s4.3
typedef ac_fixed<8, 1, true> cell_scan_mul_3_type;  // s8.7
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT_SYM> cell_scan_quantize_3_type;  // s4.3
typedef ac_fixed<4, 1, true, AC_RND_CONV, AC_SAT_SYM> cell_scan_quantize_4_type;  // s4.3
#endif
