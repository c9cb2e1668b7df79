#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void cnn(const x_type x[32], scores_add_type result[3]);
#endif
