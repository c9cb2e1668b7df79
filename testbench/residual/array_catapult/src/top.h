#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void residual(const x_type x[32], mean_shift_type result[2]);
#endif
