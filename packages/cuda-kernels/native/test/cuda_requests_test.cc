#include "../cuda/convolution_request.h"
#include "../cuda/matmul_request.h"
#include "../cuda/no_device.h"
#include "operands.h"

// What cuBLASLt and cuDNN are asked for, held against plain loops that obey the request.

using namespace dualpath;
using namespace dualpath::cuda;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 1e-5;

/// Element (row, column) of an operand of a column-major product.
double at(const MatrixRequest &matrix, const float *data, int64_t row, int64_t column) {
  return matrix.transposed ? data[column + row * matrix.rows] : data[row + column * matrix.rows];
}

Doubles obey(const MatmulRequest &request, const float *first, const float *second) {
  const auto &[a, b, y, accumulate, tf32, epilogue] = request;
  const auto inner = a.transposed ? a.rows : a.columns;
  Doubles result(y.rows * y.columns, accumulate ? 1 : 0);
  for (int64_t column = 0; column < y.columns; ++column)
    for (int64_t row = 0; row < y.rows; ++row)
      for (int64_t k = 0; k < inner; ++k)
        result[row + column * y.rows] += at(a, first, row, k) * at(b, second, k, column);
  return result;
}

void products(bool transposeA, bool transposeB) {
  const int64_t m = 3, k = 5, n = 4;
  Operand a("a", transposeA ? Shape{k, m} : Shape{m, k}), b("b", transposeB ? Shape{n, k} : Shape{k, n}),
      y("y", {m, n});
  const auto left = randoms(m * k, 1), right = randoms(k * n, 2);
  const Node node{"matmul",
                  "n",
                  {&a.tensor, &b.tensor},
                  {&y.tensor},
                  Attributes({{"transposeA", transposeA}, {"transposeB", transposeB}})};
  Doubles expected;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t x = 0; x < k; ++x)
        sum += static_cast<double>(left[transposeA ? x * m + i : i * k + x]) *
               right[transposeB ? j * k + x : x * n + j];
      expected.push_back(sum);
    }
  const auto got = obey(matmulRequest(node), right.data(), left.data());
  close("y", Floats(got.begin(), got.end()), expected, tolerance);
  const auto added =
      obey(rawProductRequest(m, k, n, transposeA, transposeB, true, false), right.data(), left.data());
  for (auto &value : expected)
    value += 1;
  close("added", Floats(added.begin(), added.end()), expected, tolerance);
}

void refusesProducts() {
  Operand a("a", {3, 5}), b("b", {4, 2}), y("y", {3, 2});
  equal("inner", failureOf([&] {
          matmulRequest({"matmul", "n", {&a.tensor, &b.tensor}, {&y.tensor}, {}});
        }),
        "SHAPE matmul 'n': inner extent of b: expected 5, got 4");
}

/// A convolution's operands and node.
struct Convolution {
  Operand x, w, y;
  Node node;

  Convolution(const Shape &image, const Shape &weights, const Shape &result, const Attributes &attributes)
      : x("x", image), w("w", weights),
        y("y", result), node{"conv2d", "n", {&x.tensor, &w.tensor}, {&y.tensor}, attributes} {}
};

Attributes geometry(std::vector<double> stride, std::vector<double> pad, std::vector<double> dilation,
                    double groups) {
  return Attributes({{"stride", stride}, {"pad", pad}, {"dilation", dilation}, {"groups", groups}});
}

void describesChannelsLast() {
  const Convolution c({2, 7, 9, 6}, {4, 3, 3, 2}, {2, 4, 4, 4}, geometry({2, 2}, {1, 1, 0, 0}, {1, 1}, 2));
  const auto request = convolutionRequest(c.node);
  equal("image", request.image.extents, Shape{2, 6, 7, 9});
  equal("image strides", request.image.strides, Shape{7 * 9 * 6, 1, 9 * 6, 6});
  equal("weights", request.weights.extents, Shape{4, 3, 3, 2});
  equal("weight strides", request.weights.strides, Shape{3 * 2 * 3, 1, 2 * 3, 3});
  equal("result", request.result.extents, Shape{2, 4, 4, 4});
  equal("padding", request.padding, Shape{1, 0});
  equal("strides", request.strides, Shape{2, 2});
  expect(!request.copiesImage(), "even padding is cuDNN's");
  expect(request.copiesWeights(), "several taps and channels change order");
  expect(request.weightBytes() == 320, "the copy of the weights is rounded up to 64 bytes");
}

void keepsWeightsInOrder() {
  const Convolution point({1, 4, 4, 8}, {8, 8, 1, 1}, {1, 4, 4, 8},
                          geometry({1, 1}, {0, 0, 0, 0}, {1, 1}, 1));
  expect(!convolutionRequest(point.node).copiesWeights(), "a single tap is in order");
  const Convolution depth({1, 4, 4, 8}, {8, 1, 3, 3}, {1, 4, 4, 8},
                          geometry({1, 1}, {1, 1, 1, 1}, {1, 1}, 8));
  expect(!convolutionRequest(depth.node).copiesWeights(), "a single channel is in order");
}

void copiesUnevenMargins() {
  const Convolution c({3, 1, 10, 5}, {4, 5, 1, 2}, {3, 1, 10, 4}, geometry({1, 1}, {0, 0, 0, 1}, {1, 1}, 1));
  const auto request = convolutionRequest(c.node);
  expect(request.copiesImage(), "one-sided padding is a margin");
  equal("image", request.image.extents, Shape{3, 5, 1, 11});
  equal("padding", request.padding, Shape{0, 0});
  expect(request.margins.before == 0 && request.margins.after == 5, "one pixel of five channels behind");
  expect(request.imageBytes() == alignUp(3 * 11 * 5 * 4), "room for the padded copy");
}

void wantsSums() {
  const auto asked = [](int64_t channels, bool sums) {
    auto attributes = geometry({1, 1}, {0, 0, 0, 0}, {1, 1}, 1);
    attributes.set("sums", sums);
    const Convolution c({1, 4, 4, 8}, {channels, 8, 1, 1}, {1, 4, 4, channels}, attributes);
    return convolutionRequest(c.node);
  };
  expect(asked(12, true).sums, "where the node is asked for them");
  expect(!asked(12, false).sums, "only there");
  expect(!asked(10, true).sums, "squares would begin at 40 bytes");
  expect(!asked(12, true).withoutSums().sums, "and not where it has to do without");
}

void knowsPasses() {
  Operand x("x", {1, 4, 4, 8}), w("w", {8, 8, 1, 1}), y("y", {1, 4, 4, 8});
  auto attributes = geometry({1, 1}, {0, 0, 0, 0}, {1, 1}, 1);
  attributes.set("inputShape", std::vector<double>{1, 4, 4, 8});
  attributes.set("weightShape", std::vector<double>{8, 8, 1, 1});
  const auto passOf = [&](const std::string &op, Operand &first, Operand &second, Operand &result) {
    return convolutionRequest({op, "n", {&first.tensor, &second.tensor}, {&result.tensor}, attributes}).pass;
  };
  expect(passOf("conv2d", x, w, y) == ConvolutionPass::Forward, "conv2d");
  expect(passOf("conv2dGradX", y, w, x) == ConvolutionPass::GradX, "conv2dGradX");
  expect(passOf("conv2dGradW", x, y, w) == ConvolutionPass::GradW, "conv2dGradW");
}

void namesTypes() {
  Operand x("x", {1, 1, 10, 5}), w("w", {4, 5, 1, 2}), y("y", {1, 1, 10, 4});
  x.tensor.dtype = w.tensor.dtype = DType::BF16;
  auto attributes = geometry({1, 1}, {0, 0, 0, 1}, {1, 1}, 1);
  const auto request = convolutionRequest({"conv2d", "n", {&x.tensor, &w.tensor}, {&y.tensor}, attributes});
  expect(request.narrow() && !request.tf32, "bf16 and no TF32");
  expect(request.image.type == DType::BF16 && request.result.type == DType::F32, "each operand has its own");
  expect(request.imageBytes() == alignUp(11 * 5 * 2), "the padded copy is as narrow as the image");
  const auto narrowed = request.withNarrowResult();
  expect(&request.computed() == &request.result, "a forward pass computes its result");
  expect(narrowed.computed().type == DType::BF16 && narrowed.image.type == DType::BF16, "all as narrow");
  attributes.set("tf32", true);
  Operand plain("x", {1, 1, 10, 5}), weights("w", {4, 5, 1, 2});
  const auto other =
      convolutionRequest({"conv2d", "n", {&plain.tensor, &weights.tensor}, {&y.tensor}, attributes});
  expect(!other.narrow() && other.tf32, "TF32 where the node asks for it");
}

void namesTypesOfProducts() {
  Operand a("a", {3, 5}), b("b", {5, 4}), y("y", {3, 4});
  a.tensor.dtype = b.tensor.dtype = DType::BF16;
  const auto request =
      matmulRequest({"matmul", "n", {&a.tensor, &b.tensor}, {&y.tensor}, Attributes({{"tf32", true}})});
  expect(request.first.type == DType::BF16 && request.second.type == DType::BF16, "bf16 inputs");
  expect(request.result.type == DType::F32 && request.tf32, "an f32 result, TF32 as asked for");
  expect(rawProductRequest(3, 5, 4, false, false, false, true).tf32, "products of blocks as well");
  y.tensor.dtype = DType::BF16, a.tensor.dtype = DType::F32;
  equal("mixed", failureOf([&] {
          matmulRequest({"matmul", "n", {&a.tensor, &b.tensor}, {&y.tensor}, {}});
        }),
        "DTYPE matmul 'n': 'b': expected f32, got bf16");
}

void explainsNoDevice() {
  equal("none", noDeviceReason(13000, 0),
        "driver: expected one for CUDA 13.0 or later, got none; install NVIDIA's driver");
  equal("old", noDeviceReason(13000, 12040),
        "driver: expected one for CUDA 13.0 or later, got one for CUDA 12.4; update NVIDIA's driver");
  equal("newer", noDeviceReason(12080, 13010), "device: expected at least one, got none");
}

} // namespace

int main() {
  return run({
      {"a column-major product by the request is the row-major product that was asked for",
       [] {
         for (const bool a : {false, true})
           for (const bool b : {false, true})
             products(a, b);
       }},
      {"operands that do not fit are refused by name", refusesProducts},
      {"convolutions are described channels last, with their geometry", describesChannelsLast},
      {"weights are not copied where both orders are one", keepsWeightsInOrder},
      {"uneven padding becomes a margin of a copy", copiesUnevenMargins},
      {"sums of channels are wanted where cuDNN can place them", wantsSums},
      {"each of the three ops is its own pass", knowsPasses},
      {"operands of a convolution are named with their types", namesTypes},
      {"so are those of a product", namesTypesOfProducts},
      {"a missing, an old and a sufficient driver without a device are told apart", explainsNoDevice},
  });
}
