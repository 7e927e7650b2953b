#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dualpath {

using Attribute = std::variant<double, bool, std::string, std::vector<double>>;

/// Typed view of a node's attributes. A missing or mistyped one is a Failure with code ATTRIBUTE; the forms
/// with a fallback accept that the attribute is absent.
class Attributes {
public:
  Attributes() = default;
  explicit Attributes(std::map<std::string, Attribute> values) : values_(std::move(values)) {}

  bool has(const std::string &key) const { return values_.count(key) > 0; }
  void set(const std::string &key, Attribute value) { values_[key] = std::move(value); }

  int64_t integer(const std::string &key, std::optional<int64_t> fallback = {}) const;
  double number(const std::string &key, std::optional<double> fallback = {}) const;
  bool boolean(const std::string &key, std::optional<bool> fallback = {}) const;
  std::string text(const std::string &key, std::optional<std::string> fallback = {}) const;
  std::vector<int64_t> integers(const std::string &key) const;
  std::vector<int64_t> integers(const std::string &key, size_t size) const; // exactly that many
  std::vector<double> numbers(const std::string &key) const;                // need not be whole
  std::vector<double> numbers(const std::string &key, size_t size) const;

private:
  std::map<std::string, Attribute> values_;
};

} // namespace dualpath
