#pragma once

// Pooling and crops.

#include "../global_pooling.h"
#include "../image.h"
#include "../pooling.h"
