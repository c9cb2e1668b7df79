#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void lstm(hls::stream<qhls::Token<x_type, 2> >& x, hls::stream<qhls::Token<scores_add_type, 2> >& result);
#endif
