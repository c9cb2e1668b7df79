#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void residual(ac_channel<qhls::Token<x_type, 2> >& x, ac_channel<qhls::Token<mean_shift_type, 2> >& result);
#endif
