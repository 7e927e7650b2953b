#include "plan.h"

#include "backend.h"
#include "failure.h"

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

namespace dualpath {
namespace {

[[noreturn]] void invalid(const Plan &plan, const std::string &what, const std::string &expected,
                          const std::string &got) {
  throw Failure(Code::PlanInvalid,
                "plan '" + plan.name + "': " + what + ": expected " + expected + ", got " + got,
                {{"plan", plan.name}, {"what", what}, {"expected", expected}, {"got", got}});
}

void checkId(const Plan &plan, const std::string &where, size_t id) {
  if (id >= plan.values.size())
    invalid(plan, where, "a value id below " + std::to_string(plan.values.size()), std::to_string(id));
}

void checkPlace(const Plan &plan, const PlanValue &value) {
  const auto where = "value '" + value.name + "'";
  if (value.place.kind == PlaceKind::Scalar) {
    if (!value.shape.empty())
      invalid(plan, where, "rank 0 for a scalar", printShape(value.shape));
    if (value.place.at >= plan.scalars.size())
      invalid(plan, where, "a scalar index below " + std::to_string(plan.scalars.size()),
              std::to_string(value.place.at));
    if (value.dtype != plan.scalars[value.place.at].dtype)
      invalid(plan, where, dtypeName(plan.scalars[value.place.at].dtype), dtypeName(value.dtype));
  }
  if (value.place.kind == PlaceKind::Arena) {
    if (value.place.at % 64 != 0)
      invalid(plan, where, "an offset that is a multiple of 64", std::to_string(value.place.at));
    const size_t end = value.place.at + reservedBytes(value.shape, value.dtype);
    if (end > plan.arenaBytes || end < value.place.at)
      invalid(plan, where, "an end within " + std::to_string(plan.arenaBytes) + " bytes",
              std::to_string(end));
  }
}

void checkValues(const Plan &plan) {
  std::unordered_set<std::string> names;
  for (const auto &value : plan.values) {
    if (!names.insert(value.name).second)
      invalid(plan, "value names", "each once", "'" + value.name + "' twice");
    for (auto extent : value.shape)
      if (extent < 1)
        invalid(plan, "value '" + value.name + "'", "extents of at least 1", printShape(value.shape));
    checkPlace(plan, value);
  }
  for (const auto &scalar : plan.scalars)
    if (scalar.dtype != DType::F32 && scalar.dtype != DType::U32)
      invalid(plan, "scalar '" + scalar.name + "'", "f32 or u32", dtypeName(scalar.dtype));
}

void checkFeeds(const Plan &plan) {
  std::set<size_t> listed;
  for (auto id : plan.feeds) {
    checkId(plan, "feeds", id);
    if (plan.values[id].place.kind != PlaceKind::Feed)
      invalid(plan, "feeds", "values that are fed", "'" + plan.values[id].name + "'");
    if (!listed.insert(id).second)
      invalid(plan, "feeds", "each once", "'" + plan.values[id].name + "' twice");
  }
  for (size_t id = 0; id < plan.values.size(); ++id)
    if (plan.values[id].place.kind == PlaceKind::Feed && !listed.count(id))
      invalid(plan, "feeds", "every fed value", "none of '" + plan.values[id].name + "'");
}

void checkNodes(const Plan &plan, const Backend &backend) {
  std::unordered_set<std::string> names;
  std::vector<bool> written(plan.values.size());
  for (size_t id = 0; id < plan.values.size(); ++id)
    written[id] = plan.values[id].place.kind != PlaceKind::Arena;
  for (const auto &node : plan.nodes) {
    const auto where = "node '" + node.name + "'";
    if (!backend.find(node.op))
      throw Failure(Code::OpUnknown,
                    node.op + " '" + node.name + "': op: expected one of kernels.def, got '" + node.op + "'",
                    {{"op", node.op}, {"node", node.name}});
    if (!names.insert(node.name).second)
      invalid(plan, "node names", "each once", "'" + node.name + "' twice");
    if (node.outputs.empty())
      invalid(plan, where, "at least one output", "none");
    for (auto id : node.inputs) {
      checkId(plan, where, id);
      if (!written[id])
        invalid(plan, where, "inputs that are written before", "'" + plan.values[id].name + "'");
    }
    for (auto id : node.outputs) {
      checkId(plan, where, id);
      const auto kind = plan.values[id].place.kind;
      if (kind != PlaceKind::Arena && kind != PlaceKind::Store)
        invalid(plan, where, "outputs in the arena or the store", "'" + plan.values[id].name + "'");
      if (kind == PlaceKind::Arena && written[id])
        invalid(plan, where, "outputs that are written once", "'" + plan.values[id].name + "' again");
      written[id] = true;
    }
  }
  for (auto id : plan.taps) {
    checkId(plan, "taps", id);
    if (!written[id])
      invalid(plan, "taps", "values that some node writes", "'" + plan.values[id].name + "'");
  }
}

struct Extent {
  size_t begin, end, value, lastUse;
};

/// Walks the nodes with the set of live extents, sorted by address.
void checkOverlap(const Plan &plan) {
  constexpr size_t forever = std::numeric_limits<size_t>::max();
  std::vector<size_t> lastUse(plan.values.size(), 0);
  for (size_t at = 0; at < plan.nodes.size(); ++at) {
    for (auto id : plan.nodes[at].outputs)
      lastUse[id] = std::max(lastUse[id], at);
    for (auto id : plan.nodes[at].inputs)
      lastUse[id] = at;
  }
  for (auto id : plan.taps)
    lastUse[id] = forever;

  std::vector<Extent> live;
  for (size_t at = 0; at < plan.nodes.size(); ++at) {
    const auto &node = plan.nodes[at];
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      const auto id = node.outputs[k];
      const auto &value = plan.values[id];
      if (value.place.kind != PlaceKind::Arena)
        continue;
      const Extent mine{value.place.at, value.place.at + reservedBytes(value.shape, value.dtype), id,
                        lastUse[id]};
      for (const auto &other : live) {
        if (other.lastUse < at || other.end <= mine.begin || mine.end <= other.begin)
          continue;
        const bool inPlace = k == 0 && other.begin == mine.begin && other.lastUse == at &&
                             std::count(node.inputs.begin(), node.inputs.end(), other.value) > 0;
        if (!inPlace)
          invalid(plan, "node '" + node.name + "' output '" + value.name + "'", "memory of its own",
                  "bytes of the live value '" + plan.values[other.value].name + "'");
      }
      live.push_back(mine);
    }
    std::erase_if(live, [&](const Extent &extent) { return extent.lastUse <= at; });
  }
}

} // namespace

void validate(const Plan &plan, const Backend &backend) {
  checkValues(plan);
  checkFeeds(plan);
  checkNodes(plan, backend);
  checkOverlap(plan);
}

} // namespace dualpath
