#include "attributes.h"

#include "failure.h"

#include <cmath>

namespace dualpath {
namespace {

[[noreturn]] void wrong(const std::string &key, const std::string &expected, const std::string &got) {
  throw Failure(Code::Attribute, "attribute '" + key + "': expected " + expected + ", got " + got,
                {{"attribute", key}, {"expected", expected}, {"got", got}});
}

template <class T>
T read(const std::map<std::string, Attribute> &values, const std::string &key,
       const std::optional<T> &fallback, const char *expected) {
  const auto found = values.find(key);
  if (found == values.end()) {
    if (fallback)
      return *fallback;
    wrong(key, expected, "nothing");
  }
  if (const auto *value = std::get_if<T>(&found->second))
    return *value;
  wrong(key, expected, "a value of another type");
}

int64_t whole(const std::string &key, double value) {
  if (value != std::floor(value) || std::abs(value) > 9007199254740991.0)
    wrong(key, "a whole number", std::to_string(value));
  return static_cast<int64_t>(value);
}

} // namespace

int64_t Attributes::integer(const std::string &key, std::optional<int64_t> fallback) const {
  if (fallback && !has(key))
    return *fallback;
  return whole(key, read<double>(values_, key, {}, "a whole number"));
}

double Attributes::number(const std::string &key, std::optional<double> fallback) const {
  return read<double>(values_, key, fallback, "a number");
}

bool Attributes::boolean(const std::string &key, std::optional<bool> fallback) const {
  return read<bool>(values_, key, fallback, "a boolean");
}

std::string Attributes::text(const std::string &key, std::optional<std::string> fallback) const {
  return read<std::string>(values_, key, fallback, "a string");
}

std::vector<double> Attributes::numbers(const std::string &key) const {
  return read<std::vector<double>>(values_, key, {}, "an array of numbers");
}

std::vector<double> Attributes::numbers(const std::string &key, size_t size) const {
  auto list = numbers(key);
  if (list.size() != size)
    wrong(key, std::to_string(size) + " numbers", std::to_string(list.size()));
  return list;
}

std::vector<int64_t> Attributes::integers(const std::string &key) const {
  std::vector<int64_t> list;
  for (auto value : numbers(key))
    list.push_back(whole(key, value));
  return list;
}

std::vector<int64_t> Attributes::integers(const std::string &key, size_t size) const {
  auto list = integers(key);
  if (list.size() != size)
    wrong(key, std::to_string(size) + " numbers", std::to_string(list.size()));
  return list;
}

} // namespace dualpath
