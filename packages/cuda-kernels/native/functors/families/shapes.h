#pragma once

// Values in another shape or number type.

#include "../cast.h"
#include "../shape.h"
