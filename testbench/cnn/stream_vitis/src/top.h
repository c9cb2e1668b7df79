#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void cnn(qhls::Port<s4_3, 2>& x, qhls::Port<s10_5, 3>& result);
#endif
