#include "../cuda/geometry.h"
#include "../functors/pad_image.h"
#include "functors_host_warp.h"
#include "harness.h"

// Which thread does what in a launch, played through thread by thread.

using namespace dualpath;
using namespace dualpath::cuda;
using namespace dualpath::test;

namespace {

constexpr int64_t threads = Geometry::blockThreads, warps = threads / Geometry::warpThreads;
constexpr int64_t mostElements = Geometry::mostBlocks * threads, mostWarps = Geometry::mostBlocks * warps;

/// How often each index is visited, counted over one thread of each group that shares its work.
template <class Visit> std::vector<uint8_t> visits(int64_t count, int64_t blocks, int64_t step, Visit visit) {
  std::vector<uint8_t> counts(static_cast<size_t>(count));
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t thread = 0; thread < threads; thread += step)
      visit(Place{block, thread, blocks}, [&](int64_t i) { ++counts.at(static_cast<size_t>(i)); });
  return counts;
}

void onceEach(const std::string &what, const std::vector<uint8_t> &counts) {
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 1)
      throw std::runtime_error(what + " " + std::to_string(i) + " of " + std::to_string(counts.size()) +
                               " is visited " + std::to_string(counts[i]) + " times");
}

void elements() {
  for (const int64_t count : {int64_t{1}, threads - 1, threads, threads + 1, 3 * threads + 7,
                              mostElements - 1, mostElements, mostElements + 1}) {
    const auto geometry = Geometry::elements(count);
    expect(geometry.blocks >= 1 && geometry.blocks <= Geometry::mostBlocks, "blocks that a grid can have");
    onceEach("element", visits(count, geometry.blocks, 1,
                               [&](Place place, auto visit) { place.elements(count, visit); }));
  }
}

void narrowRows() {
  for (const int64_t count : {int64_t{1}, warps - 1, warps, warps + 1, mostWarps, mostWarps + 1}) {
    const auto geometry = Geometry::rows(count, 64);
    expect(!geometry.blockPerRow, "narrow rows get a warp");
    onceEach("row", visits(count, geometry.blocks, Geometry::warpThreads,
                           [&](Place place, auto visit) { place.warpRows(count, visit); }));
  }
}

void wideRows() {
  for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{32}, Geometry::busyRows - 1}) {
    const auto geometry = Geometry::rows(count, Geometry::wideRow);
    expect(geometry.blockPerRow, "few wide rows get a block");
    onceEach("row", visits(count, geometry.blocks, threads,
                           [&](Place place, auto visit) { place.blockRows(count, visit); }));
  }
  expect(!Geometry::rows(Geometry::busyRows, Geometry::wideRow).blockPerRow, "many rows keep warps busy");
  expect(!Geometry::rows(1, Geometry::wideRow - 1).blockPerRow, "narrow ones do not need a block");
}

/// Images of 2 rows by 3 numbers with margins, there and back through the host warp.
void margins() {
  const functors::Margins edges{2, 1, 2, 3, 2, 1};
  std::vector<float> image(4 * 3), padded(2 * 5 * 6, -1), back(4 * 3, -1);
  for (size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<float>(i + 1);
  HostWarp::rows(10, 6, functors::PadImage<float>{image.data(), padded.data(), edges});
  for (int64_t row = 0; row < 10; ++row)
    for (int64_t i = 0; i < 6; ++i) {
      const auto line = row % 5 - 1, at = i - 2;
      const bool inside = line >= 0 && line < 2 && at >= 0 && at < 3;
      const float expected = inside ? image[(row / 5 * 2 + line) * 3 + at] : 0.0f;
      expect(padded[row * 6 + i] == expected, "row " + std::to_string(row) + " number " + std::to_string(i));
    }
  HostWarp::rows(4, 3, functors::CropImage<float>{padded.data(), back.data(), edges});
  expect(back == image, "margins come off again");
}

} // namespace

int main() {
  return run({
      {"every element is visited once, around each boundary of the grid", elements},
      {"every narrow row is visited by one warp", narrowRows},
      {"few wide rows are visited by one block each", wideRows},
      {"images get margins of zeros and lose them again", margins},
  });
}
