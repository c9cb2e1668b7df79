#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void mlp(qhls::Port<s4_3, 6>& x, qhls::Port<s9_5, 3>& result);
#endif
