#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dualpath {

struct Node;

/// The codes that reach TypeScript as DualpathError.code.
enum class Code {
  PlanInvalid,
  OpUnknown,
  Shape,
  DType,
  Attribute,
  StoreMissing,
  Feed,
  NonFinite,
  OutOfMemory,
  Disposed,
  Device,
  Version,
  Internal
};

const char *codeName(Code code);

using Detail = std::variant<double, std::string>;
using Details = std::map<std::string, Detail>;

/// The one exception of native code. Its message names the place, what was expected and what came.
class Failure : public std::exception {
public:
  Failure(Code code, std::string message, Details details = {})
      : code(code), message(std::move(message)), details(std::move(details)) {}
  const char *what() const noexcept override { return message.c_str(); }

  Code code;
  std::string message;
  Details details;
};

/// "[8, 3, 32, 32]"
std::string printShape(const std::vector<int64_t> &shape);

/// Throws `<op> '<node>': <what>: expected <expected>, got <got>[; <hint>]`.
[[noreturn]] void fail(Code code, const Node &node, const std::string &what, const std::string &expected,
                       const std::string &got, const std::string &hint = "");

/// Throws SHAPE when the two shapes differ.
void requireShape(const Node &node, const std::string &what, const std::vector<int64_t> &expected,
                  const std::vector<int64_t> &got);

} // namespace dualpath
