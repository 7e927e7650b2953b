#include "../engine/program.h"
#include "operands.h"

// In which order a program moves feeds, runs, records and replays, on a backend that writes a log.

using namespace dualpath;
using namespace dualpath::test;

namespace {

std::string journal;

/// Kernels of the CPU; memory and recording as a device has them, with every call written down.
class LoggingBackend final : public Backend {
public:
  const char *kind() const override { return "logging"; }
  std::vector<std::string> operations() const override { return host().operations(); }
  std::map<std::string, std::string> versions() const override { return {}; }
  Prepare find(const std::string &op) const override { return host().find(op) ? Prepare(logged) : nullptr; }
  void enter(int threads) const override { host().enter(threads); }
  std::shared_ptr<Region> allocate(size_t bytes) const override { return host().allocate(bytes); }
  Layout imageLayout() const override { return Layout::Plain; }
  void reorder(const Tensor &, const Tensor &) const override { journal += "reorder "; }
  bool allFinite(const Tensor &) const override { return true; }

  void download(std::byte *to, const void *from, size_t bytes) const override {
    journal += "download ";
    std::memcpy(to, from, bytes);
  }
  void wait() const override { journal += "wait "; }
  void send(Region &) const override { journal += "send "; }
  bool readsStaging() const override { return false; }
  std::byte *receive(Region &staging, std::byte *room) const override {
    journal += "receive ";
    std::memcpy(room, staging.data(), staging.size() < 64 ? staging.size() : 64);
    return room;
  }
  std::unique_ptr<Recording> record(const std::function<void()> &work) const override;

private:
  static const Backend &host() { return backend(); }
  static Kernel logged(const Node &node) {
    auto kernel = host().find(node.op)(node);
    return {kernel.name, kernel.scratchBytes, [run = kernel.run, &node](std::byte *scratch) {
              journal += node.name + " ";
              run(scratch);
            }};
  }
};

struct LoggedReplay final : Recording {
  explicit LoggedReplay(std::function<void()> work) : work(std::move(work)) {}
  void replay() const override {
    journal += "replay( ";
    work();
    journal += ") ";
  }
  std::function<void()> work;
};

std::unique_ptr<Recording> LoggingBackend::record(const std::function<void()> &work) const {
  journal += "record ";
  return std::make_unique<LoggedReplay>(work);
}

/// y = relu(exp(x))
Plan plan() {
  Plan plan;
  plan.name = "logged";
  plan.values = {{"x", {4}, DType::F32, {PlaceKind::Feed, 0}},
                 {"a", {4}, DType::F32, {PlaceKind::Arena, 0}},
                 {"y", {4}, DType::F32, {PlaceKind::Arena, 64}}};
  plan.nodes = {{"exp", "first", {0}, {1}, {}}, {"relu", "second", {1}, {2}, {}}};
  plan.feeds = {0};
  plan.taps = {2};
  plan.arenaBytes = 128;
  return plan;
}

void steps() {
  static const LoggingBackend device;
  device.enter(1);
  Store store(device);
  Program program(store, plan());
  std::vector<std::string> journals;
  for (int step = 0; step < 3; ++step) {
    journal.clear();
    const Floats x(4, static_cast<float>(step));
    const FeedView view{reinterpret_cast<const std::byte *>(x.data()), 16, DType::F32};
    const auto taps = program.step(program.stage({view}, nullptr, 0), [] { return false; });
    expect(std::abs(*reinterpret_cast<const float *>(taps[0].data.data()) - std::exp(step)) < 1e-4,
           "each step sees its own feeds");
    journals.push_back(journal);
  }
  equal("first", journals[0], std::string("send receive first second download wait "));
  equal("second", journals[1], std::string("send receive record replay( first second ) download wait "));
  equal("third", journals[2], std::string("send receive replay( first second ) download wait "));
}

void checked() {
  static const LoggingBackend device;
  setenv("DUALPATH_CHECK", "1", 1);
  Store store(device);
  Program program(store, plan());
  unsetenv("DUALPATH_CHECK");
  const Floats x(4, 1);
  const FeedView view{reinterpret_cast<const std::byte *>(x.data()), 16, DType::F32};
  for (int step = 0; step < 3; ++step) {
    journal.clear();
    program.step(program.stage({view}, nullptr, 0), [] { return false; });
    equal("step", journal, std::string("send receive first second download wait "));
  }
}

} // namespace

int main() {
  return run({
      {"the first step runs node by node, the second is recorded in that order, later ones are replayed",
       steps},
      {"nothing is recorded while every node is checked", checked},
  });
}
