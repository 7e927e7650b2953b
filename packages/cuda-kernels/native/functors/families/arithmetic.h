#pragma once

// Arithmetic by element: activations, sums and products, bias, dropout.

#include "../bias.h"
#include "../broadcast.h"
#include "../dropout.h"
#include "../elementwise.h"
