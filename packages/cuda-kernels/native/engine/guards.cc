#include "guards.h"

#include "failure.h"

#include <algorithm>
#include <cstdlib>

namespace dualpath {
namespace {

constexpr auto known = std::byte{0xA5}, notANumber = std::byte{0xFF};

/// Where the strip behind a value begins.
size_t endOf(size_t begin, const std::vector<int64_t> &shape, DType dtype) {
  return begin + alignUp(reservedBytes(shape, dtype));
}

bool intact(const Backend &backend, const std::byte *strip) {
  std::vector<std::byte> bytes(Guards::stripBytes);
  backend.download(bytes.data(), strip, bytes.size());
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == known; });
}

} // namespace

bool Guards::wanted() {
  const char *value = std::getenv("DUALPATH_GUARD");
  return value && std::string(value) == "1";
}

Plan Guards::apart(Plan plan) {
  size_t end = 0;
  for (auto &value : plan.values) {
    if (value.place.kind != PlaceKind::Arena)
      continue;
    value.place.at = end + stripBytes;
    end = endOf(value.place.at, value.shape, value.dtype) + stripBytes;
  }
  plan.arenaBytes = end;
  return plan;
}

void Guards::paint(const Backend &backend, Region &memory, const Plan &plan) {
  std::vector<std::byte> paint(plan.arenaBytes, notANumber);
  for (const auto &value : plan.values)
    if (value.place.kind == PlaceKind::Arena)
      for (const auto begin : {value.place.at - stripBytes, endOf(value.place.at, value.shape, value.dtype)})
        std::fill_n(paint.begin() + static_cast<ptrdiff_t>(begin), stripBytes, known);
  backend.upload(memory.data(), paint.data(), paint.size());
}

void Guards::check(const Backend &backend, const Node &node, const std::byte *arena, size_t arenaBytes) {
  backend.wait();
  for (const auto *output : node.outputs) {
    const auto *data = output->as<const std::byte>();
    if (data < arena || data >= arena + arenaBytes)
      continue; // in the Store
    const bool before = intact(backend, data - stripBytes),
               behind = intact(backend, data + endOf(0, output->shape, output->dtype));
    if (!before || !behind)
      fail(Code::Internal, node,
           std::string("memory ") + (before ? "behind" : "in front of") + " output '" + output->name + "'",
           "no writing there", "some");
  }
}

} // namespace dualpath
