#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void cnn(hls::stream<qhls::Token<x_type, 2> >& x, hls::stream<qhls::Token<scores_add_type, 3> >& result);
#endif
