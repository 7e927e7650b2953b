#pragma once

#include <napi.h>
#include <set>

namespace dualpath {

class Channel;

/// Per environment: the addon may be loaded in several worker threads.
struct AddonData {
  Napi::FunctionReference store, program;
  std::set<Channel *> open;
};

} // namespace dualpath
