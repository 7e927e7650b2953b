#include "program.h"

#include "channel_sums.h"
#include "guards.h"
#include "layout.h"
#include "reorder_time.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace dualpath {
namespace {

bool checkRequested() {
  const char *value = std::getenv("DUALPATH_CHECK");
  return value && std::string(value) == "1";
}

[[noreturn]] void wrongFeed(const Plan &plan, const std::string &what, const std::string &expected,
                            const std::string &got) {
  throw Failure(Code::Feed, "plan '" + plan.name + "': " + what + ": expected " + expected + ", got " + got,
                {{"plan", plan.name}, {"expected", expected}, {"got", got}});
}

void throwIfStopping(const std::function<bool()> &stopping) {
  if (stopping())
    throw Failure(Code::Disposed, "plan: expected an open Store, got one that is being disposed");
}

std::string layoutOf(const Node &node) {
  for (const auto *side : {&node.outputs, &node.inputs})
    for (const auto *tensor : *side)
      if (tensor->layout != Layout::Plain)
        return layoutName(tensor->layout);
  return layoutName(Layout::Plain);
}

} // namespace

Program::Program(Store &store, Plan plan, const std::function<bool()> &stopping)
    : store_(store), guarded_(Guards::wanted()),
      plan_(guarded_ ? Guards::apart(std::move(plan)) : std::move(plan)), checkFinite_(checkRequested()) {
  validate(plan_, store_.backend());
  bindTensors();
  buildNodes();
  prepareKernels(stopping);
  allocate();
}

void Program::bindTensors() {
  for (const auto &value : plan_.values) {
    tensors_.push_back(std::make_unique<Tensor>(Tensor{value.name, value.shape, value.dtype}));
    if (value.place.kind != PlaceKind::Store)
      continue;
    auto slot = store_.require(value.name);
    const auto &held = slot->tensor;
    if (held.shape != value.shape || held.dtype != value.dtype)
      throw Failure(Code::Shape,
                    "plan '" + plan_.name + "': store value '" + value.name + "': expected " +
                        printShape(value.shape) + " " + dtypeName(value.dtype) + ", got " +
                        printShape(held.shape) + " " + dtypeName(held.dtype),
                    {{"name", value.name}});
    tensors_.back()->data = held.data;
    storeBytes_ += slot->memory->size();
    slots_.push_back(std::move(slot));
  }
  checkedGeneration_ = store_.generation();
  for (auto id : plan_.feeds) {
    feeds_.push_back(tensors_[id].get());
    feedOffsets_.push_back(stagingBytes_);
    stagingBytes_ += alignUp(reservedBytes(tensors_[id]->shape, tensors_[id]->dtype));
  }
  scalarsOffset_ = stagingBytes_;
  stagingBytes_ += alignUp(4 * std::max<size_t>(1, plan_.scalars.size()));
}

void Program::buildNodes() {
  const auto resolve = [this](const std::vector<size_t> &ids) {
    std::vector<Tensor *> list;
    for (auto id : ids)
      list.push_back(tensors_[id].get());
    return list;
  };
  nodes_.reserve(plan_.nodes.size());
  for (const auto &node : plan_.nodes)
    nodes_.push_back({node.op, node.name, resolve(node.inputs), resolve(node.outputs), node.attributes});

  std::vector<Tensor *> free;
  for (size_t id = 0; id < tensors_.size(); ++id)
    if (plan_.values[id].place.kind == PlaceKind::Arena)
      free.push_back(tensors_[id].get());
  assignLayouts(nodes_, free, store_.backend().imageLayout());
  askForSums(nodes_);
}

void Program::prepareKernels(const std::function<bool()> &stopping) {
  for (const auto &node : nodes_) {
    throwIfStopping(stopping);
    kernels_.push_back(std::make_unique<AdaptedNode>(node, store_.backend()));
    scratchBytes_ = std::max(scratchBytes_, alignUp(kernels_.back()->scratchBytes()));
    if (kernels_.back()->leavesSums())
      keepSums(*node.outputs[0]);
  }
  for (const auto &sums : sums_)
    scratchBytes_ += alignUp(sums->bytes());
  bounds_ = feedBounds(nodes_, feeds_);
}

void Program::keepSums(Tensor &of) {
  sums_.push_back(std::make_unique<Tensor>(Tensor{of.name + ".sums", {2, of.shape.back()}}));
  of.sums = sums_.back().get();
}

void Program::allocate() {
  const auto &backend = store_.backend();
  const size_t room = backend.readsStaging() ? 0 : stagingBytes_;
  try {
    memory_ = backend.allocate(alignUp(plan_.arenaBytes) + scratchBytes_ + room);
  } catch (const Failure &failure) {
    throw Failure(failure.code,
                  "plan '" + plan_.name + "': arena of " + std::to_string(plan_.arenaBytes) +
                      " bytes and scratch of " + std::to_string(scratchBytes_) + ": " + failure.message,
                  failure.details);
  }
  for (size_t id = 0; id < tensors_.size(); ++id)
    if (plan_.values[id].place.kind == PlaceKind::Arena)
      tensors_[id]->data = memory_->data() + plan_.values[id].place.at;
  auto *end = memory_->data() + alignUp(plan_.arenaBytes) + scratchBytes_;
  for (const auto &sums : sums_)
    sums->data = end -= alignUp(sums->bytes());
  if (guarded_)
    Guards::paint(backend, *memory_, plan_);
}

void Program::checkFeed(size_t position, const FeedView &feed) const {
  const auto &tensor = *feeds_[position];
  const auto what = "feed '" + tensor.name + "'";
  if (feed.dtype != tensor.dtype)
    wrongFeed(plan_, what, dtypeName(tensor.dtype), dtypeName(feed.dtype));
  const auto elements = feed.bytes / sizeOf(feed.dtype);
  if (feed.bytes != tensor.bytes())
    wrongFeed(plan_, what, std::to_string(tensor.count()) + " elements of " + printShape(tensor.shape),
              std::to_string(elements));
  for (const auto &bounds : bounds_)
    if (bounds.tensor == &tensor)
      checkBounds(bounds, reinterpret_cast<const int32_t *>(feed.data));
}

Staging Program::stage(const std::vector<FeedView> &feeds, const std::byte *scalars, size_t scalarBytes) {
  if (feeds.size() != feeds_.size())
    wrongFeed(plan_, "feeds", std::to_string(feeds_.size()), std::to_string(feeds.size()));
  if (scalarBytes != 4 * plan_.scalars.size())
    wrongFeed(plan_, "scalars", std::to_string(plan_.scalars.size()) + " words of 4 bytes",
              std::to_string(scalarBytes) + " bytes");
  for (size_t i = 0; i < feeds.size(); ++i)
    checkFeed(i, feeds[i]);

  Staging staging;
  {
    std::lock_guard lock(stagingMutex_);
    if (!freeStaging_.empty()) {
      staging.memory = std::move(freeStaging_.back());
      freeStaging_.pop_back();
    }
  }
  if (!staging.memory)
    staging.memory = store_.backend().allocateStaging(stagingBytes_);
  for (size_t i = 0; i < feeds.size(); ++i)
    std::memcpy(staging.memory->data() + feedOffsets_[i], feeds[i].data, feeds[i].bytes);
  std::memcpy(staging.memory->data() + scalarsOffset_, scalars, scalarBytes);
  store_.backend().send(*staging.memory);
  return staging;
}

void Program::enter(const Staging &staging) {
  checkStore();
  auto *room = memory_->data() + alignUp(plan_.arenaBytes) + scratchBytes_;
  auto *staged = store_.backend().receive(*staging.memory, room);
  for (size_t i = 0; i < feeds_.size(); ++i)
    feeds_[i]->data = staged + feedOffsets_[i];
  for (size_t id = 0; id < tensors_.size(); ++id)
    if (plan_.values[id].place.kind == PlaceKind::Scalar)
      tensors_[id]->data = staged + scalarsOffset_ + 4 * plan_.values[id].place.at;
}

void Program::leave(Staging staging) {
  constexpr size_t kept = 3; // more than are queued at once in training
  std::lock_guard lock(stagingMutex_);
  if (freeStaging_.size() < kept)
    freeStaging_.push_back(std::move(staging.memory));
}

void Program::checkStore() {
  if (checkedGeneration_ == store_.generation())
    return;
  for (const auto &slot : slots_)
    if (store_.require(slot->tensor.name) != slot)
      throw Failure(Code::Shape,
                    "plan '" + plan_.name + "': store value '" + slot->tensor.name + "': expected " +
                        printShape(slot->tensor.shape) + " as compiled, got " +
                        printShape(store_.require(slot->tensor.name)->tensor.shape) +
                        "; compile the plan again",
                    {{"name", slot->tensor.name}});
  checkedGeneration_ = store_.generation();
}

void Program::runNode(const AdaptedNode &adapted) {
  adapted.run(memory_->data() + alignUp(plan_.arenaBytes));
  if (guarded_)
    Guards::check(store_.backend(), adapted.node(), memory_->data(), plan_.arenaBytes);
  if (!checkFinite_)
    return;
  for (const auto *output : adapted.node().outputs)
    if (isFloat(output->dtype) && !store_.backend().allFinite(*output))
      fail(Code::NonFinite, adapted.node(), "output '" + output->name + "'", "finite numbers",
           "NaN or infinity");
}

/// The first step warms up, node by node. The second is recorded where the backend can, and so are run all
/// that follow; a program of one step pays for no recording.
void Program::runNodes(const std::function<bool()> &stopping) {
  if (++runs_ == 2 && !checkFinite_ && !guarded_)
    recording_ = store_.backend().record([this] {
      for (const auto &adapted : kernels_)
        runNode(*adapted);
    });
  if (recording_) {
    throwIfStopping(stopping);
    return recording_->replay();
  }
  for (const auto &adapted : kernels_) {
    throwIfStopping(stopping);
    runNode(*adapted);
  }
}

std::vector<Array> Program::step(Staging staging, const std::function<bool()> &stopping) {
  enter(staging);
  runNodes(stopping);
  std::vector<Array> taps;
  for (auto id : plan_.taps)
    taps.push_back(copyOut(*tensors_[id]));
  store_.backend().wait();
  leave(std::move(staging));
  return taps;
}

std::vector<NodeTime> Program::profile(Staging staging, const std::function<bool()> &stopping) {
  using Clock = std::chrono::steady_clock;
  enter(staging);
  store_.backend().wait();
  std::vector<NodeTime> times;
  for (const auto &adapted : kernels_) {
    throwIfStopping(stopping);
    ReorderTime::take();
    const auto begin = Clock::now();
    runNode(*adapted);
    store_.backend().wait();
    const std::chrono::duration<double, std::milli> elapsed = Clock::now() - begin;
    times.push_back({adapted->node().name, elapsed.count(), ReorderTime::take()});
  }
  leave(std::move(staging));
  return times;
}

Array Program::copyOut(const Tensor &tensor) const {
  Array array{tensor.name, tensor.shape, tensor.dtype, std::vector<std::byte>(tensor.bytes())};
  if (tensor.layout == Layout::Plain) {
    store_.backend().download(array.data.data(), tensor.data, array.data.size());
  } else {
    Tensor plain = tensor;
    plain.layout = Layout::Plain;
    plain.data = array.data.data();
    store_.backend().reorder(tensor, plain);
  }
  return array;
}

Description Program::describe() const {
  Description description{plan_.arenaBytes, scratchBytes_, storeBytes_, {}};
  for (const auto &adapted : kernels_) {
    const auto &node = adapted->node();
    description.nodes.push_back({node.name, node.op,
                                 adapted->kernelName() + (adapted->reordered() ? " + reorder" : ""),
                                 layoutOf(node), adapted->scratchBytes()});
  }
  return description;
}

} // namespace dualpath
