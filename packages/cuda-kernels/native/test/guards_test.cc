#include "../engine/guards.h"
#include "../engine/program.h"
#include "operands.h"

#include <cstdlib>

using namespace dualpath;
using namespace dualpath::test;

namespace {

bool never() { return false; }

/// x -> log -> a -> relu in place -> y.
Plan logPlan() {
  Plan plan;
  plan.name = "log";
  plan.values = {{"x", {3, 5}, DType::F32, {PlaceKind::Feed, 0}},
                 {"a", {3, 5}, DType::F32, {PlaceKind::Arena, 0}},
                 {"y", {3, 5}, DType::F32, {PlaceKind::Arena, 0}}};
  plan.nodes = {{"log", "first", {0}, {1}, {}}, {"relu", "second", {1}, {2}, {}}};
  plan.feeds = {0};
  plan.taps = {2};
  plan.arenaBytes = 64;
  return plan;
}

void separates() {
  const auto plan = Guards::apart(logPlan());
  expect(plan.values[1].place.at == 256, "a strip lies in front of the first value");
  expect(plan.values[2].place.at == 256 + 64 + 2 * 256, "two strips lie between neighbours");
  expect(plan.arenaBytes == 2 * (64 + 2 * 256), "a strip lies behind the last value");
}

std::string failureOfByteAt(size_t offset) {
  const auto plan = Guards::apart(logPlan());
  Region memory(plan.arenaBytes);
  Guards::paint(backend(), memory, plan);
  Tensor a{"a", {3, 5}, DType::F32, Layout::Plain, memory.data() + 256};
  Node node;
  node.op = "log", node.name = "first", node.outputs = {&a};
  memory.data()[offset] = std::byte{0};
  return failureOf([&] { Guards::check(backend(), node, memory.data(), plan.arenaBytes); });
}

void findsStrayWrites() {
  equal("inside", failureOfByteAt(256), std::string());
  equal("last byte", failureOfByteAt(256 + 63), std::string());
  equal("in front", failureOfByteAt(255),
        "INTERNAL log 'first': memory in front of output 'a': expected no writing there, got some");
  for (const size_t offset : {256 + 64, 256 + 64 + 255})
    equal("behind", failureOfByteAt(offset),
          "INTERNAL log 'first': memory behind output 'a': expected no writing there, got some");
}

void poisons() {
  const auto plan = Guards::apart(logPlan());
  Region memory(plan.arenaBytes);
  Guards::paint(backend(), memory, plan);
  expect(std::isnan(*reinterpret_cast<const float *>(memory.data() + 256)), "values begin as NaN");
}

Floats steps(bool guarded) {
  Store store(backend());
  if (guarded)
    setenv("DUALPATH_GUARD", "1", 1);
  Program program(store, logPlan());
  unsetenv("DUALPATH_GUARD");
  expect(program.describe().arenaBytes == (guarded ? 2 * (64 + 2 * 256) : 64), "the variable decides");
  const Floats x(15, 2.0f);
  const FeedView view{reinterpret_cast<const std::byte *>(x.data()), 60, DType::F32};
  Floats y(15);
  for (int step = 0; step < 3; ++step) {
    const auto taps = program.step(program.stage({view}, nullptr, 0), never);
    std::memcpy(y.data(), taps.at(0).data.data(), 60);
  }
  return y;
}

void changesNoNumber() { expect(steps(true) == steps(false), "the same numbers with guards"); }

} // namespace

int main() {
  return run({
      {"values of a guarded plan lie apart", separates},
      {"a byte beside an output is found, and on which side", findsStrayWrites},
      {"memory begins as NaN", poisons},
      {"a guarded program computes the same", changesNoNumber},
  });
}
