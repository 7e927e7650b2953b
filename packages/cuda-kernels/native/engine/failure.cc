#include "failure.h"

#include "node.h"

namespace dualpath {

const char *codeName(Code code) {
  switch (code) {
  case Code::PlanInvalid:
    return "PLAN_INVALID";
  case Code::OpUnknown:
    return "OP_UNKNOWN";
  case Code::Shape:
    return "SHAPE";
  case Code::DType:
    return "DTYPE";
  case Code::Attribute:
    return "ATTRIBUTE";
  case Code::StoreMissing:
    return "STORE_MISSING";
  case Code::Feed:
    return "FEED";
  case Code::NonFinite:
    return "NON_FINITE";
  case Code::OutOfMemory:
    return "OUT_OF_MEMORY";
  case Code::Disposed:
    return "DISPOSED";
  case Code::Device:
    return "DEVICE";
  case Code::Version:
    return "VERSION";
  case Code::Internal:
    return "INTERNAL";
  }
  return "INTERNAL";
}

std::string printShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

void fail(Code code, const Node &node, const std::string &what, const std::string &expected,
          const std::string &got, const std::string &hint) {
  auto message = node.op + " '" + node.name + "': " + what + ": expected " + expected + ", got " + got;
  if (!hint.empty())
    message += "; " + hint;
  throw Failure(code, message, {{"op", node.op}, {"node", node.name}, {"expected", expected}, {"got", got}});
}

void requireShape(const Node &node, const std::string &what, const std::vector<int64_t> &expected,
                  const std::vector<int64_t> &got) {
  if (expected != got)
    fail(Code::Shape, node, what, printShape(expected), printShape(got));
}

} // namespace dualpath
