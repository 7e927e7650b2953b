#include "../engine/layout.h"
#include "harness.h"

#include <deque>

using namespace dualpath;
using namespace dualpath::test;

namespace {

using Shape = std::vector<int64_t>;

/// Builds nodes over named tensors; all but the feeds and store values are free.
class Net {
public:
  Tensor *fixed(const std::string &name, const Shape &shape) {
    tensors_.push_back({name, shape});
    return &tensors_.back();
  }
  Tensor *free(const std::string &name, const Shape &shape) {
    free_.push_back(fixed(name, shape));
    return free_.back();
  }
  void node(const std::string &op, std::vector<Tensor *> inputs, std::vector<Tensor *> outputs) {
    nodes_.push_back({op, op, std::move(inputs), std::move(outputs), {}});
  }
  void assign() { assignLayouts(nodes_, free_, Layout::Blocked16); }

private:
  std::deque<Tensor> tensors_;
  std::vector<Tensor *> free_;
  std::vector<Node> nodes_;
};

const Shape image{2, 8, 8, 32};

void is(const Tensor *tensor, Layout expected) {
  equal("layout of " + tensor->name, std::string(layoutName(tensor->layout)),
        std::string(layoutName(expected)));
}

void convolutionsShare() {
  Net net;
  auto *x = net.fixed("x", {2, 8, 8, 3}), *w = net.fixed("w", {32, 3, 3, 3}),
       *v = net.fixed("v", {32, 32, 3, 3});
  auto *a = net.free("a", image), *b = net.free("b", image), *c = net.free("c", image);
  auto *mean = net.free("mean", {32}), *variance = net.free("variance", {32});
  net.node("conv2d", {x, w}, {a});
  net.node("batchNorm", {a, mean, mean}, {b, mean, variance});
  net.node("conv2d", {b, v}, {c});
  net.assign();
  for (auto *tensor : {a, b, c})
    is(tensor, Layout::Blocked16);
  for (auto *tensor : {x, w, v, mean})
    is(tensor, Layout::Plain);
}

void elementwiseAlone() {
  Net net;
  auto *x = net.fixed("x", image), *a = net.free("a", image), *b = net.free("b", image);
  net.node("relu", {x}, {a});
  net.node("transpose", {a}, {b});
  net.assign();
  is(a, Layout::Plain), is(b, Layout::Plain);
}

void weightGradients() {
  Net net;
  auto *x = net.free("x", image), *dy = net.free("dy", image);
  auto *dw = net.free("dw", {32, 32, 1, 16}); // an extent of 16 where an image has channels
  net.node("conv2dGradW", {x, dy}, {dw});
  net.assign();
  is(x, Layout::Blocked16), is(dw, Layout::Plain);
}

void oddChannels() {
  Net net;
  auto *x = net.free("x", {2, 8, 8, 20}), *w = net.fixed("w", {32, 20, 3, 3}), *y = net.free("y", image);
  net.node("conv2d", {x, w}, {y});
  net.assign();
  is(x, Layout::Plain), is(y, Layout::Blocked16);
}

void manyPlainUses() {
  Net net;
  auto *x = net.free("x", image), *w = net.fixed("w", {32, 32, 3, 3}), *y = net.free("y", image);
  net.node("conv2d", {x, w}, {y});
  for (int i = 0; i < 5; ++i)
    net.node("slice", {x}, {net.free("s" + std::to_string(i), {1, 8, 8, 32})});
  net.assign();
  is(x, Layout::Plain), is(y, Layout::Blocked16);
}

} // namespace

int main() {
  return run({
      {"values between convolutions are blocked, weights and feeds are not", convolutionsShare},
      {"values that no convolution touches stay plain", elementwiseAlone},
      {"weight gradients stay plain whatever their extents", weightGradients},
      {"channels that do not fill blocks stay plain", oddChannels},
      {"a value with more plain uses than convolutions stays plain", manyPlainUses},
  });
}
