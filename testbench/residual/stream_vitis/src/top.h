#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void residual(qhls::Port<s4_3, 2>& x, qhls::Port<u7_6, 2>& result);
#endif
