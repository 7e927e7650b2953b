#pragma once

#include "../cpu/kernels.h"
#include "functors_host_warp.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <omp.h>

// Runs one op on the CPU backend (one thread, then several: equal bits) and through the host warp, both
// against float64.

namespace dualpath::test {

using Doubles = std::vector<double>;
using Shape = std::vector<int64_t>;

inline int64_t product(const Shape &shape) {
  int64_t count = 1;
  for (auto extent : shape)
    count *= extent;
  return count;
}

/// Reproducible numbers that floats represent exactly.
inline Doubles uniform(int64_t count, uint32_t seed, double low = -1, double high = 1) {
  Doubles values;
  uint64_t state = seed * 2654435761u + 12345;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<float>(low + (high - low) * static_cast<double>(state >> 40) * 0x1p-24));
  }
  return values;
}

inline Doubles integers(int64_t count, uint32_t seed, int64_t low, int64_t high) {
  auto values = uniform(count, seed, static_cast<double>(low), static_cast<double>(high + 1));
  for (auto &value : values)
    value = std::min(std::floor(value), static_cast<double>(high));
  return values;
}

/// A tensor with its memory; the bytes behind it must survive every run.
class Operand {
public:
  Operand(Shape shape, DType dtype, Layout layout)
      : storage_((reservedBytes(shape, dtype) + 191) / 64 * 64 + 64) {
    tensor.shape = std::move(shape);
    tensor.dtype = dtype;
    const bool blocks = tensor.rank() == 4 && tensor.shape[3] % 16 == 0 && sizeOf(dtype) >= 2;
    tensor.layout = blocks ? layout : Layout::Plain;
    auto address = reinterpret_cast<uintptr_t>(storage_.data());
    tensor.data = storage_.data() + ((64 - address % 64) % 64);
    std::memset(storage_.data(), poison, storage_.size());
  }

  void write(const Doubles &values) {
    for (size_t i = 0; i < values.size(); ++i)
      writeOne(physical(static_cast<int64_t>(i)), values[i]);
  }
  Doubles read() const {
    Doubles values;
    for (int64_t i = 0; i < tensor.count(); ++i)
      values.push_back(readOne(physical(i)));
    return values;
  }
  bool overrun() const {
    const auto *end = tensor.as<uint8_t>() + tensor.bytes();
    for (int i = 0; i < 32; ++i)
      if (end[i] != poison)
        return true;
    return false;
  }

  Tensor tensor;

private:
  static constexpr uint8_t poison = 0xFF; // NaN as a float

  int64_t physical(int64_t logical) const {
    if (tensor.layout == Layout::Plain)
      return logical;
    const int64_t channels = tensor.shape[3], positions = tensor.shape[1] * tensor.shape[2];
    const int64_t c = logical % channels, position = logical / channels % positions,
                  n = logical / channels / positions;
    const int64_t block = blockOf(tensor.layout);
    return ((n * (channels / block) + c / block) * positions + position) * block + c % block;
  }
  void writeOne(int64_t at, double value) const {
    switch (tensor.dtype) {
    case DType::F32:
      tensor.as<float>()[at] = static_cast<float>(value);
      break;
    case DType::BF16: {
      const auto number = static_cast<float>(value);
      std::memcpy(tensor.as<uint16_t>() + at, reinterpret_cast<const char *>(&number) + 2, 2);
      break;
    }
    case DType::U8:
      tensor.as<uint8_t>()[at] = static_cast<uint8_t>(value);
      break;
    default:
      tensor.as<uint32_t>()[at] = static_cast<uint32_t>(static_cast<int64_t>(value));
    }
  }
  double readOne(int64_t at) const {
    switch (tensor.dtype) {
    case DType::F32:
      return tensor.as<float>()[at];
    case DType::BF16: {
      float number = 0;
      std::memcpy(reinterpret_cast<char *>(&number) + 2, tensor.as<uint16_t>() + at, 2);
      return number;
    }
    case DType::U8:
      return tensor.as<uint8_t>()[at];
    case DType::I32:
      return tensor.as<int32_t>()[at];
    default:
      return tensor.as<uint32_t>()[at];
    }
  }

  std::vector<uint8_t> storage_;
};

/// One node with its operands, to be run by any backend as often as wanted.
class Case {
public:
  explicit Case(std::string op, Layout layout = Layout::Plain) : layout_(layout) {
    node_.op = std::move(op);
    node_.name = "tested";
  }
  Case &attribute(const std::string &key, Attribute value) {
    node_.attributes.set(key, std::move(value));
    return *this;
  }
  Case &in(Shape shape, Doubles values, DType dtype = DType::F32) {
    node_.inputs.push_back(add(std::move(shape), dtype));
    initial_.push_back(std::move(values));
    return *this;
  }
  Case &out(Shape shape, DType dtype = DType::F32) {
    node_.outputs.push_back(add(std::move(shape), dtype));
    initial_.emplace_back();
    return *this;
  }
  /// A value that the op updates: input and output.
  Case &update(Shape shape, Doubles values) {
    in(std::move(shape), std::move(values));
    node_.outputs.push_back(node_.inputs.back());
    return *this;
  }
  const Node &node() const { return node_; }

  std::vector<Doubles> run(Prepare prepare, int threads) const {
    omp_set_num_threads(threads);
    for (size_t i = 0; i < operands_.size(); ++i)
      operands_[i]->write(initial_[i]);
    const Kernel kernel = prepare(node_);
    std::vector<std::byte> scratch(kernel.scratchBytes + 64, std::byte{0xFF});
    const auto address = reinterpret_cast<uintptr_t>(scratch.data());
    kernel.run(scratch.data() + (64 - address % 64) % 64);
    std::vector<Doubles> results;
    for (const auto &operand : operands_)
      if (std::count(node_.outputs.begin(), node_.outputs.end(), &operand->tensor))
        results.push_back(operand->read());
    return results;
  }
  bool overrun() const {
    for (const auto &operand : operands_)
      if (operand->overrun())
        return true;
    return false;
  }

private:
  Tensor *add(Shape shape, DType dtype) {
    operands_.push_back(std::make_shared<Operand>(std::move(shape), dtype, layout_));
    return &operands_.back()->tensor;
  }

  Layout layout_;
  Node node_;
  std::vector<std::shared_ptr<Operand>> operands_;
  std::vector<Doubles> initial_;
};

inline int &failures() {
  static int count = 0;
  return count;
}

inline void report(const std::string &place, const std::string &text) {
  if (++failures() <= 20)
    std::printf("FAILED %s: %s\n", place.c_str(), text.c_str());
}

inline void expect(bool condition, const std::string &place) {
  if (!condition)
    report(place, "does not hold");
}

/// |got - expected| <= tolerance * max(1, |expected|), NaN and infinities where expected.
inline void near(const std::string &place, const Doubles &got, const Doubles &expected, double tolerance) {
  if (got.size() != expected.size())
    return report(place, std::to_string(got.size()) + " values for " + std::to_string(expected.size()));
  for (size_t i = 0; i < got.size(); ++i) {
    const bool same = got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i]));
    if (same || std::abs(got[i] - expected[i]) <= tolerance * std::max(1.0, std::abs(expected[i])))
      continue;
    char text[160];
    std::snprintf(text, sizeof text, "[%zu of %zu] expected %.9g, got %.9g", i, got.size(), expected[i],
                  got[i]);
    return report(place, text);
  }
}

inline bool sameBits(const std::vector<Doubles> &a, const std::vector<Doubles> &b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(double)) != 0)
      return false;
  return a.size() == b.size();
}

/// An op as its backends prepare it; null leaves the host warp out (sizes at which it would take too long).
struct Backends {
  Prepare cpu, warp;
};

inline void check(const std::string &place, const Case &tested, Backends backends,
                  const std::vector<Doubles> &expected, double tolerance) {
  const auto serial = tested.run(backends.cpu, 1), threaded = tested.run(backends.cpu, 2);
  expect(sameBits(serial, threaded), place + ": equal bits with two threads");
  for (size_t i = 0; i < expected.size(); ++i)
    near(place + " (cpu, output " + std::to_string(i) + ")", serial[i], expected[i], tolerance);
  if (backends.warp) {
    const auto warp = tested.run(backends.warp, 1);
    for (size_t i = 0; i < expected.size(); ++i)
      near(place + " (host warp, output " + std::to_string(i) + ")", warp[i], expected[i], tolerance);
  }
  expect(!tested.overrun(), place + ": nothing written behind an operand");
}

/// Central differences of sum(weights * f(x)) in float64: what a gradient op must give.
inline Doubles differences(const std::function<Doubles(const Doubles &)> &f, Doubles x,
                           const Doubles &weights) {
  constexpr double step = 1e-5;
  Doubles gradient(x.size());
  const auto weighted = [&] {
    const auto y = f(x);
    double total = 0;
    for (size_t i = 0; i < y.size(); ++i)
      total += weights[i] * y[i];
    return total;
  };
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    x[i] = value + step;
    const double above = weighted();
    x[i] = value - step;
    gradient[i] = (above - weighted()) / (2 * step);
    x[i] = value;
  }
  return gradient;
}

/// The message of the Failure that preparing or running gives, or "".
inline std::string failureOf(const Case &tested, Prepare prepare) {
  try {
    tested.run(prepare, 1);
  } catch (const Failure &failure) {
    return std::string(codeName(failure.code)) + " " + failure.message;
  }
  return "";
}

inline void expectFailure(const std::string &place, const Case &tested, Prepare prepare,
                          const std::string &expected) {
  const auto got = failureOf(tested, prepare);
  if (got != expected)
    report(place, "expected \"" + expected + "\", got \"" + got + "\"");
}

inline int finish(const char *name) {
  std::printf("%s: %s\n", name, failures() ? (std::to_string(failures()) + " failures").c_str() : "passed");
  return failures() ? 1 : 0;
}

} // namespace dualpath::test
