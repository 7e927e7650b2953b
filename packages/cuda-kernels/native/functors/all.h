#pragma once

// Every functor family: what a backend instantiates.

#include "bias.h"
#include "broadcast.h"
#include "cast.h"
#include "dropout.h"
#include "elementwise.h"
#include "embedding.h"
#include "gather.h"
#include "global_pooling.h"
#include "image.h"
#include "normalize.h"
#include "optimizer.h"
#include "pooling.h"
#include "ranking.h"
#include "ranks.h"
#include "reduce.h"
#include "shape.h"
#include "softmax_cross_entropy.h"
