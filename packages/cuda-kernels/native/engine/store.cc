#include "store.h"

#include "backend.h"

namespace dualpath {

void Store::write(const std::string &name, const std::vector<int64_t> &shape, DType dtype,
                  const std::byte *data) {
  auto &slot = slots_[name];
  if (!slot || slot->tensor.shape != shape || slot->tensor.dtype != dtype) {
    slot = std::make_shared<Slot>();
    slot->tensor = Tensor{name, shape, dtype};
    slot->memory = backend_.allocate(reservedBytes(shape, dtype));
    slot->tensor.data = slot->memory->data();
    ++generation_;
  }
  backend_.upload(slot->tensor.data, data, slot->tensor.bytes());
}

std::shared_ptr<Slot> Store::find(const std::string &name) const {
  const auto found = slots_.find(name);
  return found == slots_.end() ? nullptr : found->second;
}

std::shared_ptr<Slot> Store::require(const std::string &name) const {
  if (auto slot = find(name))
    return slot;
  throw Failure(Code::StoreMissing,
                "store: value '" + name + "': expected it to be written, got nothing by that name",
                {{"name", name}});
}

void Store::remove(const std::string &name) {
  require(name);
  slots_.erase(name);
  ++generation_;
}

size_t Store::bytes() const {
  size_t total = 0;
  for (const auto &[name, slot] : slots_)
    total += slot->memory->size();
  return total;
}

void Store::clear() {
  slots_.clear();
  ++generation_;
}

} // namespace dualpath
