#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void lstm(qhls::Port<s4_3, 2>& x, qhls::Port<s12_10, 2>& result);
#endif
