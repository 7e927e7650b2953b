#include "../engine/backend.h"
#include "../engine/processor.h"
#include "../engine/program.h"
#include "../engine/session.h"
#include "../engine/threads.h"
#include "operands.h"

#include <atomic>
#include <cstdlib>

using namespace dualpath;
using namespace dualpath::test;

namespace {

const Shape image{2, 6, 6, 16};
constexpr size_t imageBytes = 2 * 6 * 6 * 16 * 4;

bool never() { return false; }

FeedView viewOf(const Floats &values) {
  return {reinterpret_cast<const std::byte *>(values.data()), values.size() * 4, DType::F32};
}

Floats floatsOf(const Array &array) {
  Floats values(array.data.size() / 4);
  std::memcpy(values.data(), array.data.data(), array.data.size());
  return values;
}

/// x -> log -> a -> transpose of images and rows (plain only) -> y; taps a and y.
Plan logPlan() {
  Plan plan;
  plan.name = "log";
  plan.values = {{"x", image, DType::F32, {PlaceKind::Feed, 0}},
                 {"a", image, DType::F32, {PlaceKind::Arena, 0}},
                 {"y", {6, 2, 6, 16}, DType::F32, {PlaceKind::Arena, alignUp(imageBytes)}}};
  plan.nodes = {
      {"log", "first", {0}, {1}, {}},
      {"transpose", "second", {1}, {2}, Attributes({{"permutation", std::vector<double>{1, 0, 2, 3}}})}};
  plan.feeds = {0};
  plan.taps = {1, 2};
  plan.arenaBytes = 2 * alignUp(imageBytes);
  return plan;
}

/// x * w -> a -> relu -> b (in place) -> transpose -> y. a and b are blocked where the backend likes blocks.
Plan convolutionPlan() {
  auto plan = logPlan();
  plan.name = "convolution";
  plan.values.push_back({"w", {16, 16, 3, 3}, DType::F32, {PlaceKind::Store, 0}});
  plan.values.push_back({"b", image, DType::F32, {PlaceKind::Arena, 0}});
  const std::vector<double> ones{1, 1};
  plan.nodes = {
      {"conv2d",
       "first",
       {0, 3},
       {1},
       Attributes({{"stride", ones},
                   {"pad", std::vector<double>{1, 1, 1, 1}},
                   {"dilation", ones},
                   {"groups", 1.0}})},
      {"relu", "second", {1}, {4}, {}},
      {"transpose", "third", {4}, {2}, Attributes({{"permutation", std::vector<double>{1, 0, 2, 3}}})}};
  plan.taps = {4, 2};
  return plan;
}

void writeWeights(Store &store, float centre) {
  Floats weights(16 * 16 * 9, 0);
  for (int channel = 0; channel < 16; ++channel)
    weights[(channel * 16 + channel) * 9 + 4] = centre; // y = centre * x
  store.write("w", {16, 16, 3, 3}, DType::F32, reinterpret_cast<const std::byte *>(weights.data()));
}

void convolves() {
  backend().enter(2);
  Store store(backend());
  writeWeights(store, 2);
  Program program(store, convolutionPlan());
  const auto x = randoms(product(image), 1);
  const auto taps = program.step(program.stage({viewOf(x)}, nullptr, 0), never);
  Doubles b, y(x.size());
  for (auto value : x)
    b.push_back(std::max(0.0f, 2 * value));
  for (size_t i = 0; i < b.size(); ++i) {
    const auto n = i / (36 * 16), row = i / (6 * 16) % 6, rest = i % (6 * 16);
    y[(row * 2 + n) * 6 * 16 + rest] = b[i];
  }
  close("b", floatsOf(taps[0]), b, 1e-5);
  close("y", floatsOf(taps[1]), y, 1e-5);
}

void seesNewWeights() {
  Store store(backend());
  writeWeights(store, 1);
  Program program(store, convolutionPlan());
  const Floats x(product(image), 1.0f);
  writeWeights(store, 3);
  const auto taps = program.step(program.stage({viewOf(x)}, nullptr, 0), never);
  close("b", floatsOf(taps[0]), Doubles(x.size(), 3.0), 1e-5);
}

void refusesStore() {
  Store store(backend());
  equal("missing", failureOf([&] { Program(store, convolutionPlan()); }),
        "STORE_MISSING store: value 'w': expected it to be written, got nothing by that name");
  const Floats small(4, 0);
  const auto *bytes = reinterpret_cast<const std::byte *>(small.data());
  store.write("w", {4}, DType::F32, bytes);
  equal("shape", failureOf([&] { Program(store, convolutionPlan()); }),
        "SHAPE plan 'convolution': store value 'w': expected [16, 16, 3, 3] f32, got [4] f32");
  writeWeights(store, 1);
  Program program(store, convolutionPlan());
  store.write("w", {4}, DType::F32, bytes);
  const Floats x(product(image), 1.0f);
  equal("reshaped", failureOf([&] { program.step(program.stage({viewOf(x)}, nullptr, 0), never); }),
        "SHAPE plan 'convolution': store value 'w': expected [16, 16, 3, 3] as compiled, got [4]; compile "
        "the plan again");
}

void refusesFeeds() {
  Store store(backend());
  Program program(store, logPlan());
  equal("count", failureOf([&] { program.stage({}, nullptr, 0); }),
        "FEED plan 'log': feeds: expected 1, got 0");
  const Floats few(3, 1.0f);
  equal("size", failureOf([&] { program.stage({viewOf(few)}, nullptr, 0); }),
        "FEED plan 'log': feed 'x': expected 1152 elements of [2, 6, 6, 16], got 3");
  const Floats x(product(image), 1.0f);
  auto view = viewOf(x);
  view.dtype = DType::I32;
  equal("dtype", failureOf([&] { program.stage({view}, nullptr, 0); }),
        "FEED plan 'log': feed 'x': expected f32, got i32");
}

void namesNonFinite() {
  Store store(backend());
  setenv("DUALPATH_CHECK", "1", 1);
  Program checked(store, logPlan());
  unsetenv("DUALPATH_CHECK");
  Program unchecked(store, logPlan());
  Floats x(product(image), 1.0f);
  x[77] = -1;
  equal("checked", failureOf([&] { checked.step(checked.stage({viewOf(x)}, nullptr, 0), never); }),
        "NON_FINITE log 'first': output 'a': expected finite numbers, got NaN or infinity");
  const auto taps = unchecked.step(unchecked.stage({viewOf(x)}, nullptr, 0), never);
  expect(std::isnan(floatsOf(taps[0])[77]), "without the check the value comes out");
}

void stops() {
  Store store(backend());
  Program program(store, logPlan());
  const Floats x(product(image), 1.0f);
  int asked = 0;
  const auto second = [&] { return ++asked == 2; };
  expect(failureOf([&] { program.step(program.stage({viewOf(x)}, nullptr, 0), second); }).find("DISPOSED") ==
             0,
         "the step ends between two nodes");
}

void describes() {
  Store store(backend());
  writeWeights(store, 1);
  Program program(store, convolutionPlan());
  const auto description = program.describe();
  equal("op", description.nodes.at(1).op, std::string("relu"));
  expect(!description.nodes.at(0).kernel.empty(), "kernels have names");
  expect(description.arenaBytes == 2 * alignUp(imageBytes), "arena bytes");
  expect(description.storeBytes >= 16 * 16 * 9 * 4, "store bytes");
}

void jobsInOrder() {
  Session session(backend(), 1);
  std::string order;
  std::atomic<int> done{0};
  for (char c : std::string("abcdef"))
    session.post([&order, &done, c] { order += c, ++done; });
  while (done < 6)
    std::this_thread::yield();
  equal("order", order, std::string("abcdef"));
  session.stop();
  session.post([&done] { ++done; });
  expect(done == 6, "nothing runs after stop");
}

void quotas() {
  equal("none", std::to_string(quotaThreads("max 100000")), std::string("0"));
  equal("two", std::to_string(quotaThreads("200000 100000")), std::string("2"));
  equal("part", std::to_string(quotaThreads("150000 100000")), std::string("2"));
  equal("little", std::to_string(quotaThreads("10000 100000")), std::string("1"));
  equal("empty", std::to_string(quotaThreads("")), std::string("0"));
  expect(availableThreads() >= 1, "there is at least one thread");
}

void processors() {
  const char *const here[] = {nullptr}, *const elsewhere[] = {"no-such-extension", nullptr};
  equal("here", failureOf([&] { requireProcessor(here); }), std::string());
  expect(failureOf([&] {
           requireProcessor(elsewhere);
         }).find("DEVICE processor: expected no-such-extension") == 0,
         "an extension that is missing is named");
}

void hugeArena() {
  equal("code", failureOf([] { Region region(size_t{1} << 60); }).substr(0, 13),
        std::string("OUT_OF_MEMORY"));
}

} // namespace

int main() {
  return run({
      {"a plan runs across layouts, in place and through a plain-only op", convolves},
      {"a step sees weights that were written after compile", seesNewWeights},
      {"missing and reshaped store values are refused by name", refusesStore},
      {"wrong feeds are refused by name", refusesFeeds},
      {"the check names the first node that produces a NaN", namesNonFinite},
      {"a step ends early when its store is disposed", stops},
      {"a program describes its memory and kernels", describes},
      {"a session runs jobs in order and none after its end", jobsInOrder},
      {"quota lines of cgroups become thread counts", quotas},
      {"a build for another processor is refused", processors},
      {"memory that cannot be had is a typed failure", hugeArena},
  });
}
