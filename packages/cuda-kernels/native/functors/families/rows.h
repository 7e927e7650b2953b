#pragma once

// Rows: lookup, norms, reductions, ranks.

#include "../embedding.h"
#include "../gather.h"
#include "../normalize.h"
#include "../ranks.h"
#include "../reduce.h"
