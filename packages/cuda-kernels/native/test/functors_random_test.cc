#include "../functors/dropout.h"
#include "../functors/embedding.h"
#include "../functors/gather.h"
#include "functors_harness.h"

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 2e-6; // sums of up to a hundred rows near 1

/// Vectors published with Random123 (kat_vectors, philox4x32 10 rounds).
void philoxGivesThePublishedVectors() {
  struct Known {
    functors::PhiloxWords counter;
    uint32_t key0, key1;
    functors::PhiloxWords expected;
  };
  const Known rows[] = {
      {{0, 0, 0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0u, ~0u, ~0u, ~0u}, ~0u, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       0xa4093822,
       0x299f31d0,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const auto &row : rows) {
    const auto got = functors::philox(row.counter, row.key0, row.key1);
    expect(got.x == row.expected.x && got.y == row.expected.y && got.z == row.expected.z &&
               got.w == row.expected.w,
           "philox4x32-10 known answer");
  }
}

void dropoutFollowsTheCounter(int64_t size, double rate) {
  const uint32_t seed = 1234567, step = 77, stream = 0xDEADBEEF;
  const auto x = uniform(size, 1, 1, 2);
  Doubles expected;
  for (int64_t i = 0; i < size; ++i) {
    const auto words = functors::philox({static_cast<uint32_t>(i / 4), stream, step, 0}, seed, 0x44554150);
    const uint32_t word = i % 4 == 0 ? words.x : i % 4 == 1 ? words.y : i % 4 == 2 ? words.z : words.w;
    const bool keep = (word >> 8) * 0x1p-24 >= static_cast<float>(rate);
    expected.push_back(keep ? x[i] / (1 - rate) : 0);
  }
  check("dropout " + std::to_string(size),
        Case("dropout")
            .attribute("rate", rate)
            .attribute("stream", static_cast<double>(stream))
            .in({size}, x)
            .in({}, {seed}, DType::U32)
            .in({}, {step}, DType::U32)
            .out({size}),
        {cpu::dropout, functors::dropout<HostWarp>}, {expected}, tolerance);
}

void dropoutKeepsTheMean() {
  const int64_t size = 100000;
  const Case tested = Case("dropout")
                          .attribute("rate", 0.75)
                          .attribute("stream", 1.0)
                          .in({size}, Doubles(size, 1))
                          .in({}, {9}, DType::U32)
                          .in({}, {1}, DType::U32)
                          .out({size});
  const auto results = tested.run(cpu::dropout, 2);
  double total = 0;
  for (auto value : results[0])
    total += value;
  expect(std::abs(total / size - 1) < 0.03, "dropout keeps the mean within five standard errors");
}

void embeddingLooksUpAndAccumulates(int64_t batch, int64_t length, int64_t words, int64_t width) {
  const auto table = uniform(words * width, 2), bias = uniform(width, 3),
             ids = integers(batch * length, 4, 0, words);
  const Shape shape = {batch, 1, length, width};
  const auto dy = uniform(product(shape), 5);
  Doubles y, dtable(table.size());
  for (size_t i = 0; i < dy.size(); ++i) {
    const auto id = static_cast<int64_t>(ids[i / width]);
    y.push_back(bias[i % width] + (id ? table[(id - 1) * width + i % width] : 0));
    if (id)
      dtable[(id - 1) * width + i % width] += dy[i];
  }
  check("embedding",
        Case("embedding")
            .in({words, width}, table)
            .in({width}, bias)
            .in({batch, length}, ids, DType::I32)
            .out(shape),
        {cpu::embedding, functors::embedding<HostWarp>}, {y}, tolerance);
  check("embeddingGrad",
        Case("embeddingGrad")
            .attribute("vocabulary", static_cast<double>(words))
            .in({batch, length}, ids, DType::I32)
            .in(shape, dy)
            .out({words, width}),
        {cpu::embeddingGrad, functors::embeddingGrad<HostWarp>}, {dtable}, tolerance);
}

void gatherPicksAndAccumulates(int64_t rows, int64_t count, int64_t width) {
  const auto x = uniform(rows * width, 6), dy = uniform(count * width, 7),
             index = integers(count, 8, 0, rows - 1);
  Doubles y, dx(x.size());
  for (size_t i = 0; i < dy.size(); ++i) {
    const int64_t from = static_cast<int64_t>(index[i / width]) * width + static_cast<int64_t>(i) % width;
    y.push_back(x[from]);
    dx[from] += dy[i];
  }
  check("gatherRows",
        Case("gatherRows").in({rows, width}, x).in({count}, index, DType::I32).out({count, width}),
        {cpu::gatherRows, functors::gatherRows<HostWarp>}, {y}, 0);
  check("gatherRowsGrad",
        Case("gatherRowsGrad")
            .attribute("rows", static_cast<double>(rows))
            .in({count, width}, dy)
            .in({count}, index, DType::I32)
            .out({rows, width}),
        {cpu::gatherRowsGrad, functors::gatherRowsGrad<HostWarp>}, {dx}, tolerance);
}

} // namespace

int main() {
  philoxGivesThePublishedVectors();
  for (int64_t size : {1, 3, 4, 15, 16, 17, 31, 32, 33, 1000, 4095, 4096, 4097, 50003})
    dropoutFollowsTheCounter(size, size % 2 ? 0.5 : 0.2);
  dropoutFollowsTheCounter(64, 0);
  dropoutKeepsTheMean();
  embeddingLooksUpAndAccumulates(1, 1, 1, 1);
  embeddingLooksUpAndAccumulates(4, 9, 5, 17);
  embeddingLooksUpAndAccumulates(3, 33, 40, 32);
  gatherPicksAndAccumulates(1, 1, 1);
  gatherPicksAndAccumulates(7, 31, 33);
  gatherPicksAndAccumulates(50, 16, 16);
  expectFailure(
      "id",
      Case("embedding").in({2, 1}, {1, 2}).in({1}, {0}).in({1, 2}, {2, 3}, DType::I32).out({1, 1, 2, 1}),
      cpu::embedding, "FEED embedding 'tested': ids[1]: expected 0..2, got 3");
  expectFailure("rate",
                Case("dropout")
                    .attribute("rate", 1.0)
                    .attribute("stream", 0.0)
                    .in({1}, {1})
                    .in({}, {0}, DType::U32)
                    .in({}, {0}, DType::U32)
                    .out({1}),
                cpu::dropout, "ATTRIBUTE dropout 'tested': rate: expected at least 0 and below 1, got 1");
  return finish("random and indexed functors");
}
