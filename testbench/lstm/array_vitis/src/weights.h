// The constants of lstm: real weights as integer codes, each table in the narrowest type that holds it.
#ifndef QHLS_WEIGHTS_H
#define QHLS_WEIGHTS_H
#include "types.h"

// cell.kernel: 2 x 8
static const QHLS_CODES(signed char, ap_int<4>) cell_kernel_codes[16] = {3,7,6,0,7,7,7,-7,-1,1,-4,-2,2,4,1,-6};
QHLS_TABLE(s4_3, cell_kernel, cell_kernel_codes, 16)

// cell.bias: 8
static const QHLS_CODES(signed char, ap_int<4>) cell_bias_codes[8] = {3,7,1,6,1,-6,-1,1};
QHLS_TABLE(s4_3, cell_bias, cell_bias_codes, 8)

// cell.start: 2
static const QHLS_CODES(signed char, ap_uint<1>) cell_start_codes[2] = {0,0};
QHLS_TABLE(u1_0, cell_start, cell_start_codes, 2)

// cell.start_2: 2
static const QHLS_CODES(signed char, ap_uint<1>) cell_start_2_codes[2] = {0,0};
QHLS_TABLE(u1_0, cell_start_2, cell_start_2_codes, 2)

// cell.scan.recurrent_kernel: 2 x 8
static const QHLS_CODES(signed char, ap_int<4>) cell_scan_recurrent_kernel_codes[16] = {2,5,-5,0,-3,6,-7,-1,6,-2,-6,4,7,7,6,-3};
QHLS_TABLE(s4_3, cell_scan_recurrent_kernel, cell_scan_recurrent_kernel_codes, 16)

// cell.scan.thresholds_3: 15
static const QHLS_CODES(signed char, ap_int<7>) cell_scan_thresholds_3_codes[15] = {-59,-52,-43,-36,-27,-20,-11,-4,5,12,21,28,37,44,53};
QHLS_TABLE(s7_6, cell_scan_thresholds_3, cell_scan_thresholds_3_codes, 15)

// cell.scan.thresholds: 15
static const QHLS_CODES(signed char, ap_int<7>) cell_scan_thresholds_codes[15] = {-59,-52,-43,-36,-27,-20,-11,-4,5,12,21,28,37,44,53};
QHLS_TABLE(s7_6, cell_scan_thresholds, cell_scan_thresholds_codes, 15)

// cell.scan.thresholds_2: 15
static const QHLS_CODES(signed char, ap_int<7>) cell_scan_thresholds_2_codes[15] = {-59,-52,-43,-36,-27,-20,-11,-4,5,12,21,28,37,44,53};
QHLS_TABLE(s7_6, cell_scan_thresholds_2, cell_scan_thresholds_2_codes, 15)

// scores.kernel: 2 x 2
static const QHLS_CODES(signed char, ap_int<4>) scores_kernel_codes[4] = {-4,3,-2,7};
QHLS_TABLE(s4_3, scores_kernel, scores_kernel_codes, 4)

// scores.bias: 2
static const QHLS_CODES(signed char, ap_int<4>) scores_bias_codes[2] = {-5,2};
QHLS_TABLE(s4_3, scores_bias, scores_bias_codes, 2)
#endif
