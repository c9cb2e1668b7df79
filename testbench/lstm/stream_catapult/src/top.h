#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void lstm(qhls::Stream<s4_3, 2>& x, qhls::Stream<s12_10, 2>& result);
#endif
