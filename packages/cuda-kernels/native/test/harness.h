#pragma once

#include "../engine/failure.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

// Just enough of a test framework: a list of sentences with bodies, and expectations that throw.

namespace dualpath::test {

struct Test {
  std::string sentence;
  std::function<void()> body;
};

inline void expect(bool condition, const std::string &what) {
  if (!condition)
    throw std::runtime_error("does not hold: " + what);
}

template <class T> void equal(const std::string &what, const T &got, const T &expected) {
  if (got != expected)
    throw std::runtime_error(what + " differs");
}

inline void equal(const std::string &what, const std::string &got, const std::string &expected) {
  if (got != expected)
    throw std::runtime_error(what + ": expected \"" + expected + "\", got \"" + got + "\"");
}

/// |got - expected| <= tolerance * (largest |expected|, at least 1).
inline void close(const std::string &what, const std::vector<float> &got, const std::vector<double> &expected,
                  double tolerance) {
  expect(got.size() == expected.size(), what + " has the expected size");
  double largest = 1;
  for (auto value : expected)
    largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(got[i] - expected[i]) <= tolerance * largest)) {
      char text[160];
      std::snprintf(text, sizeof text, "[%zu of %zu] expected %.9g, got %.9g", i, got.size(), expected[i],
                    got[i]);
      throw std::runtime_error(what + text);
    }
}

/// "CODE message" of the Failure that the body throws, "" when it throws none.
inline std::string failureOf(const std::function<void()> &body) {
  try {
    body();
    return "";
  } catch (const Failure &failure) {
    return std::string(codeName(failure.code)) + " " + failure.message;
  }
}

inline int run(const std::vector<Test> &tests) {
  size_t failed = 0;
  for (const auto &test : tests)
    try {
      test.body();
      std::printf("  ok      %s\n", test.sentence.c_str());
    } catch (const std::exception &error) {
      ++failed;
      std::printf("  FAILED  %s: %s\n", test.sentence.c_str(), error.what());
    }
  std::printf("%zu passed, %zu failed\n", tests.size() - failed, failed);
  return failed ? 1 : 0;
}

} // namespace dualpath::test
