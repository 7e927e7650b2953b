#include "../functors/ranking.h"
#include "../functors/ranks.h"
#include "functors_harness.h"

#include <algorithm>
#include <numeric>

using namespace dualpath;
using namespace dualpath::test;

namespace {

constexpr double tolerance = 5e-6; // sums of up to a few hundred violations

struct Pair {
  double value;
  int64_t positive, negative;
};

/// The violations of one row that the mining rule counts.
std::vector<Pair> mined(const Doubles &s, const Doubles &columnLabel, double label, int64_t row,
                        double margin, const std::string &mining, size_t k, bool excludeDiagonal) {
  std::vector<Pair> pairs;
  const auto columns = static_cast<int64_t>(s.size());
  for (int64_t p = 0; p < columns; ++p) {
    if (columnLabel[p] != label || (excludeDiagonal && p == row))
      continue;
    std::vector<Pair> mine;
    for (int64_t n = 0; n < columns; ++n)
      if (columnLabel[n] != label)
        mine.push_back({std::max(0.0, margin - s[p] + s[n]), p, n});
    if (mining == "hardest" && !mine.empty())
      mine = {*std::max_element(mine.begin(), mine.end(),
                                [](const Pair &a, const Pair &b) { return a.value < b.value; })};
    if (mining == "topk-each") {
      std::stable_sort(mine.begin(), mine.end(),
                       [](const Pair &a, const Pair &b) { return a.value > b.value; });
      mine.resize(std::min(mine.size(), k));
    }
    pairs.insert(pairs.end(), mine.begin(), mine.end());
  }
  if (mining == "topk") {
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair &a, const Pair &b) { return a.value > b.value; });
    pairs.resize(std::min(pairs.size(), k));
  }
  return pairs;
}

void hingeMatchesFloat64(const Shape &shape, const std::string &mining, bool excludeDiagonal, bool coarse) {
  const int64_t rows = shape[0], columns = shape[1];
  // Coarse scores are multiples of 1/4, so that ties are exact in float and in double.
  auto s = coarse ? integers(product(shape), 1, -4, 4) : uniform(product(shape), 1);
  if (coarse)
    for (auto &value : s)
      value /= 4;
  const auto rowLabel = integers(rows, 2, 0, 5), columnLabel = integers(columns, 3, 0, 5),
             dloss = uniform(rows, 4);
  const double margin = 0.5, k = 5;
  Doubles loss(rows), gradient(s.size());
  for (int64_t row = 0; row < rows; ++row)
    for (const auto &pair : mined({s.begin() + row * columns, s.begin() + (row + 1) * columns}, columnLabel,
                                  rowLabel[row], row, margin, mining, 5, excludeDiagonal)) {
      loss[row] += pair.value;
      if (pair.value > 0) {
        gradient[row * columns + pair.positive] -= dloss[row];
        gradient[row * columns + pair.negative] += dloss[row];
      }
    }
  const auto prepare = [&](const char *op) {
    Case tested(op);
    tested.attribute("margin", margin)
        .attribute("mining", mining)
        .attribute("k", k)
        .attribute("excludeDiagonal", excludeDiagonal);
    return tested;
  };
  const auto place = " " + mining + printShape(shape);
  check("rankingHinge" + place,
        prepare("rankingHinge")
            .in(shape, s)
            .in({rows}, rowLabel, DType::I32)
            .in({columns}, columnLabel, DType::I32)
            .out({rows}),
        {cpu::rankingHinge, functors::rankingHinge<HostWarp>}, {loss}, tolerance);
  check("rankingHingeGrad" + place,
        prepare("rankingHingeGrad")
            .in({rows}, dloss)
            .in(shape, s)
            .in({rows}, rowLabel, DType::I32)
            .in({columns}, columnLabel, DType::I32)
            .out(shape),
        {cpu::rankingHingeGrad, functors::rankingHingeGrad<HostWarp>}, {gradient}, tolerance);
}

void gradientMatchesDifferences(const std::string &mining) {
  const Shape shape = {4, 9};
  const auto s = uniform(36, 5), rowLabel = Doubles{0, 1, 2, 0},
             columnLabel = Doubles{0, 1, 2, 0, 1, 2, 0, 1, 2}, dloss = uniform(4, 6);
  const auto f = [&](const Doubles &values) {
    Doubles loss(4);
    for (int64_t row = 0; row < 4; ++row)
      for (const auto &pair : mined({values.begin() + row * 9, values.begin() + (row + 1) * 9}, columnLabel,
                                    rowLabel[row], row, 0.3, mining, 4, false))
        loss[row] += pair.value;
    return loss;
  };
  check("rankingHingeGrad by differences, " + mining,
        Case("rankingHingeGrad")
            .attribute("margin", 0.3)
            .attribute("mining", mining)
            .attribute("k", 4.0)
            .in({4}, dloss)
            .in(shape, s)
            .in({4}, rowLabel, DType::I32)
            .in({9}, columnLabel, DType::I32)
            .out(shape),
        {cpu::rankingHingeGrad, functors::rankingHingeGrad<HostWarp>}, {differences(f, s, dloss)}, tolerance);
}

void countsAndTopMatchSorting(const Shape &shape, int64_t k, bool onWarp) {
  const int64_t rows = shape[0], columns = shape[1];
  auto s = integers(product(shape), 7, -20, 20); // many ties
  if (columns > 3)
    s[1] = -INFINITY, s[2] = INFINITY, s[3] = -0.0;
  const auto threshold = integers(rows, 8, -3, 10);
  Doubles greater(rows), equal(rows), values, index;
  for (int64_t row = 0; row < rows; ++row) {
    const double *scores = s.data() + row * columns;
    for (int64_t i = 0; i < columns; ++i) {
      greater[row] += scores[i] > threshold[row];
      equal[row] += scores[i] == threshold[row];
    }
    std::vector<int64_t> order(columns);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
    for (int64_t i = 0; i < k; ++i) {
      values.push_back(scores[order[i]]);
      index.push_back(static_cast<double>(order[i]));
    }
  }
  const Shape best = {rows, k};
  check(
      "countGreater " + printShape(shape),
      Case("countGreater").in(shape, s).in({rows}, threshold).out({rows}, DType::I32).out({rows}, DType::I32),
      {cpu::countGreater, onWarp ? functors::countGreater<HostWarp> : nullptr}, {greater, equal}, 0);
  check("topk " + printShape(shape),
        Case("topk").attribute("k", static_cast<double>(k)).in(shape, s).out(best).out(best, DType::I32),
        {cpu::topk, onWarp ? functors::topk<HostWarp> : nullptr}, {values, index}, 0);
}

} // namespace

int main() {
  for (const std::string mining : {"all", "hardest", "topk", "topk-each"}) {
    for (const Shape &shape :
         {Shape{1, 1}, Shape{3, 15}, Shape{5, 16}, Shape{4, 31}, Shape{3, 33}, Shape{2, 65}})
      for (const bool coarse : {false, true}) {
        hingeMatchesFloat64(shape, mining, false, coarse);
        hingeMatchesFloat64(shape, mining, true, coarse);
      }
    gradientMatchesDifferences(mining);
  }
  for (int64_t columns : {1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 600})
    countsAndTopMatchSorting({3, columns}, std::min<int64_t>(columns, 7), true);
  countsAndTopMatchSorting({2, 33}, 33, true);
  countsAndTopMatchSorting({20, 5000}, 1024, false);
  expectFailure("k",
                Case("topk").attribute("k", 4.0).in({1, 3}, {1, 2, 3}).out({1, 4}).out({1, 4}, DType::I32),
                cpu::topk, "ATTRIBUTE topk 'tested': k: expected 1..3, got 4");
  expectFailure(
      "mining",
      Case("rankingHinge")
          .attribute("margin", 1.0)
          .attribute("mining", std::string("some"))
          .in({1, 1}, {1})
          .in({1}, {1}, DType::I32)
          .in({1}, {1}, DType::I32)
          .out({1}),
      cpu::rankingHinge,
      "ATTRIBUTE rankingHinge 'tested': mining: expected all, hardest, topk or topk-each, got some");
  return finish("ranking functors");
}
