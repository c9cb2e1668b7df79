#ifndef QHLS_TOP_H
#define QHLS_TOP_H
#include "types.h"
void lstm(const x_type x[6], scores_add_type result[2]);
#endif
