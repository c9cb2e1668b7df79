#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void mlp(hls::stream<qhls::Token<x_type, 6> >& x, hls::stream<qhls::Token<scores_add_type, 3> >& result);
#endif
