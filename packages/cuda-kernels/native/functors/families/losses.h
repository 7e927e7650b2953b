#pragma once

// Losses.

#include "../ranking.h"
#include "../softmax_cross_entropy.h"
