#include "backend.h"

#include <cstring>

namespace dualpath {

std::vector<std::string> Backend::devices() const { return {kind()}; }

std::string Backend::precisionGap(const std::string &) const { return ""; }

const Backend &Backend::on(int device) const {
  if (device != 0)
    throw Failure(Code::Device, std::string(kind()) + ": device: expected 0, got " + std::to_string(device));
  return *this;
}

void Backend::upload(void *to, const std::byte *from, size_t bytes) const { std::memcpy(to, from, bytes); }

void Backend::download(std::byte *to, const void *from, size_t bytes) const { std::memcpy(to, from, bytes); }

} // namespace dualpath
