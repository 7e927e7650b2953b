#include "../engine/backend.h"
#include "../engine/plan.h"
#include "harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

PlanValue arena(const std::string &name, size_t offset, std::vector<int64_t> shape = {16}) {
  return {name, std::move(shape), DType::F32, {PlaceKind::Arena, offset}};
}

/// x -> relu -> a -> relu -> b -> relu -> y, where y takes a's bytes.
Plan chain() {
  Plan plan;
  plan.name = "chain";
  plan.values = {{"x", {16}, DType::F32, {PlaceKind::Feed, 0}}, arena("a", 0), arena("b", 64), arena("y", 0)};
  plan.nodes = {
      {"relu", "first", {0}, {1}, {}}, {"relu", "second", {1}, {2}, {}}, {"relu", "third", {2}, {3}, {}}};
  plan.feeds = {0};
  plan.taps = {3};
  plan.arenaBytes = 128;
  return plan;
}

/// The failure of the chain after a change.
std::string after(const std::function<void(Plan &)> &change) {
  auto plan = chain();
  change(plan);
  return failureOf([&] { validate(plan, backend()); });
}

void says(const std::string &expected, const std::function<void(Plan &)> &change) {
  equal("failure", after(change), expected);
}

void wrongValues() {
  says("PLAN_INVALID plan 'chain': value names: expected each once, got 'a' twice",
       [](Plan &plan) { plan.values[2].name = "a"; });
  says("PLAN_INVALID plan 'chain': value 'b': expected an offset that is a multiple of 64, got 4",
       [](Plan &plan) { plan.values[2].place.at = 4; });
  says("PLAN_INVALID plan 'chain': value 'b': expected an end within 128 bytes, got 192",
       [](Plan &plan) { plan.values[2].place.at = 128; });
  says("PLAN_INVALID plan 'chain': value 'b': expected extents of at least 1, got [0]",
       [](Plan &plan) { plan.values[2].shape = {0}; });
  says("PLAN_INVALID plan 'chain': value 'rate': expected a scalar index below 0, got 0", [](Plan &plan) {
    plan.values.push_back({"rate", {}, DType::F32, {PlaceKind::Scalar, 0}});
  });
}

void wrongLists() {
  says("PLAN_INVALID plan 'chain': feeds: expected every fed value, got none of 'x'",
       [](Plan &plan) { plan.feeds.clear(); });
  says("PLAN_INVALID plan 'chain': feeds: expected values that are fed, got 'a'",
       [](Plan &plan) { plan.feeds.push_back(1); });
  says("PLAN_INVALID plan 'chain': taps: expected a value id below 4, got 9",
       [](Plan &plan) { plan.taps.push_back(9); });
}

void wrongNodes() {
  says("OP_UNKNOWN relish 'second': op: expected one of kernels.def, got 'relish'",
       [](Plan &plan) { plan.nodes[1].op = "relish"; });
  says("PLAN_INVALID plan 'chain': node 'first': expected inputs that are written before, got 'b'",
       [](Plan &plan) { plan.nodes[0].inputs = {2}; });
  says("PLAN_INVALID plan 'chain': node 'second': expected outputs that are written once, got 'a' again",
       [](Plan &plan) { plan.nodes[1].outputs = {1}; });
  says("PLAN_INVALID plan 'chain': node 'first': expected outputs in the arena or the store, got 'x'",
       [](Plan &plan) { plan.nodes[0].outputs = {0}; });
  says("PLAN_INVALID plan 'chain': node names: expected each once, got 'first' twice",
       [](Plan &plan) { plan.nodes[1].name = "first"; });
}

void overlap() {
  says("PLAN_INVALID plan 'chain': node 'second' output 'b': expected memory of its own, got bytes of the "
       "live value 'a'",
       [](Plan &plan) {
         plan.values[2].place.at = 0;
         plan.nodes[2].inputs = {1, 2};
       });
  says("", [](Plan &plan) { plan.values[2].place.at = 0; }); // in place: a's last use is here
}

void paddedChannels() {
  equal("300 channels", std::to_string(reservedBytes({2, 1, 3, 300}, DType::F32)),
        std::to_string(4 * 6 * 304));
  equal("3 channels", std::to_string(reservedBytes({2, 1, 3, 3}, DType::F32)), std::to_string(4 * 6 * 3));
  equal("rank 2", std::to_string(reservedBytes({2, 300}, DType::F32)), std::to_string(4 * 600));
  equal("u8", std::to_string(reservedBytes({2, 1, 3, 300}, DType::U8)), std::to_string(1800));
}

} // namespace

int main() {
  return run({
      {"a plan that reuses dead memory is valid", [] { says("", [](Plan &) {}); }},
      {"wrong values are named", wrongValues},
      {"wrong feeds and taps are named", wrongLists},
      {"wrong nodes are named", wrongNodes},
      {"two live values on one byte are refused, in place is not", overlap},
      {"channels of images are reserved in sixteens", paddedChannels},
  });
}
