#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void cnn(const s4_3 x[32], s10_5 result[3]);
#endif
