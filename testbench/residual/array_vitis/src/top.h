#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void residual(const s4_3 x[32], u7_6 result[2]);
#endif
