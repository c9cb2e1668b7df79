#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void residual(hls::stream<qhls::Token<x_type, 2> >& x, hls::stream<qhls::Token<mean_shift_type, 2> >& result);
#endif
