#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void mlp(const s4_3 x[6], s9_5 result[3]);
#endif
