#pragma once

// Batch norm.

#include "../batch_norm.h"
