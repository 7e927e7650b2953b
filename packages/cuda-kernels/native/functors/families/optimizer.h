#pragma once

// Optimizers and moving averages.

#include "../optimizer.h"
