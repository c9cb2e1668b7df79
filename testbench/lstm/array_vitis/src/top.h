#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void lstm(const s4_3 x[6], s12_10 result[2]);
#endif
