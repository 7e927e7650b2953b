#pragma once

#include "checks.h"
#include "lanes.h"

namespace dualpath::functors {

enum class Mining { All, Hardest, TopK, TopKEach };

struct RankingRule {
  float margin;
  Mining mining;
  int32_t k;
  bool excludeDiagonal;
};

/// One row of similarities with its labels. A violation is v(p, n) = max(0, margin - s[p] + s[n]) for a
/// positive column p and a negative column n.
struct RankingRow {
  const float *s;
  const int32_t *columnLabel;
  int32_t label;
  int64_t row, columns;
  RankingRule rule;

  HD bool positive(int64_t p) const { return columnLabel[p] == label && !(rule.excludeDiagonal && p == row); }
  HD bool negative(int64_t n) const { return columnLabel[n] != label; }
  HD float violation(float positiveScore, int64_t n) const {
    const float v = rule.margin - positiveScore + s[n];
    return 0.0f > v ? 0.0f : v;
  }

  /// The negative with the largest score, lowest column first; it is the hardest for every positive.
  /// `columns` if none.
  template <class Lanes> HD int32_t hardestNegative(Lanes lanes) const {
    const float highest =
        lanes.maximum(columns, [this](int64_t n) { return negative(n) ? s[n] : -math::infinity(); });
    return lanes.lowest(columns, [this, highest](int64_t n) { return negative(n) & (s[n] == highest); });
  }

  /// Calls visit(v, p, n) for the k largest violations above 0, by value, then by p, then by n.
  template <class Lanes, class Visit> HD void largest(Lanes lanes, Visit visit) const {
    float lastValue = math::infinity();
    int64_t lastP = -1, lastN = -1;
    for (int32_t taken = 0; taken < rule.k; ++taken) {
      float best = 0.0f;
      int64_t bestP = -1;
      for (int64_t p = 0; p < columns; ++p) {
        if (!positive(p))
          continue;
        const float v = lanes.maximum(columns, [=, this](int64_t n) {
          return follows(n, p, lastValue, lastP, lastN) ? violation(s[p], n) : 0.0f;
        });
        if (v > best) {
          best = v;
          bestP = p;
        }
      }
      if (bestP < 0)
        return;
      lastN = lanes.lowest(columns, [=, this](int64_t n) {
        return follows(n, bestP, lastValue, lastP, lastN) && violation(s[bestP], n) == best;
      });
      lastP = bestP;
      lastValue = best;
      visit(best, lastP, lastN);
    }
  }

  /// Calls visit(violation, p, n) for every positive p and its k largest violations above 0. They belong to
  /// the negatives with the largest scores, which are the same for every positive; ties go to the lowest
  /// column.
  template <class Lanes, class Visit> HD void largestOfEach(Lanes lanes, Visit visit) const {
    float lastScore = math::infinity();
    int64_t lastN = -1;
    for (int32_t taken = 0; taken < rule.k; ++taken) {
      const auto left = [=, this](int64_t n) {
        return negative(n) & ((s[n] < lastScore) | ((s[n] == lastScore) & (n > lastN)));
      };
      const float score =
          lanes.maximum(columns, [=, this](int64_t n) { return left(n) ? s[n] : -math::infinity(); });
      const int64_t n = lanes.lowest(columns, [=, this](int64_t m) { return left(m) & (s[m] == score); });
      if (n >= columns || !visitPositives(n, visit))
        return;
      lastScore = score;
      lastN = n;
    }
  }

private:
  /// Whether any positive is violated by n; the next negatives score no higher.
  template <class Visit> HD bool visitPositives(int64_t n, Visit visit) const {
    bool violated = false;
    for (int64_t p = 0; p < columns; ++p) {
      const float v = positive(p) ? violation(s[p], n) : 0.0f;
      if (v > 0.0f) {
        violated = true;
        visit(v, p, n);
      }
    }
    return violated;
  }

  /// Whether the pair (p, n) comes after the last one taken.
  HD bool follows(int64_t n, int64_t p, float lastValue, int64_t lastP, int64_t lastN) const {
    const float v = violation(s[p], n);
    return negative(n) &
           ((v < lastValue) | ((v == lastValue) & ((p > lastP) | ((p == lastP) & (n > lastN)))));
  }
};

struct RankingHinge {
  const float *similarity;
  const int32_t *rowLabel, *columnLabel;
  float *loss;
  int64_t columns;
  RankingRule rule;

  template <class Lanes> HD void operator()(int64_t index, Lanes lanes) const {
    const RankingRow row{similarity + index * columns, columnLabel, rowLabel[index], index, columns, rule};
    float total = 0.0f;
    if (rule.mining == Mining::TopK) {
      row.largest(lanes, [&](float v, int64_t, int64_t) { total += v; });
    } else if (rule.mining == Mining::TopKEach) {
      row.largestOfEach(lanes, [&](float v, int64_t, int64_t) { total += v; });
    } else {
      const int32_t hardest = rule.mining == Mining::Hardest ? row.hardestNegative(lanes) : 0;
      for (int64_t p = 0; p < columns && hardest < columns; ++p)
        if (row.positive(p))
          total += violations(row, p, hardest, lanes);
    }
    if (lanes.leader())
      loss[index] = total;
  }

  template <class Lanes>
  HD float violations(const RankingRow &row, int64_t p, int32_t hardest, Lanes lanes) const {
    if (rule.mining == Mining::Hardest)
      return row.violation(row.s[p], hardest);
    return lanes.sum(columns, [=](int64_t n) { return row.negative(n) ? row.violation(row.s[p], n) : 0.0f; });
  }
};

struct RankingHingeGrad {
  const float *dloss, *similarity;
  const int32_t *rowLabel, *columnLabel;
  float *dsimilarity;
  int64_t columns;
  RankingRule rule;

  template <class Lanes> HD void operator()(int64_t index, Lanes lanes) const {
    const RankingRow row{similarity + index * columns, columnLabel, rowLabel[index], index, columns, rule};
    const float weight = dloss[index];
    float *target = dsimilarity + index * columns;
    lanes.each(columns, [=](int64_t n) { target[n] = 0.0f; });
    lanes.sync();
    const auto move = [&](float, int64_t p, int64_t n) {
      if (lanes.leader())
        target[p] -= weight, target[n] += weight;
    };
    if (rule.mining == Mining::TopK)
      row.largest(lanes, move);
    else if (rule.mining == Mining::TopKEach)
      row.largestOfEach(lanes, move);
    else if (rule.mining == Mining::Hardest)
      hardest(row, weight, target, lanes);
    else
      all(row, weight, target, lanes);
  }

  template <class Lanes>
  HD void hardest(const RankingRow &row, float weight, float *target, Lanes lanes) const {
    const int32_t n = row.hardestNegative(lanes);
    if (!lanes.leader() || n >= columns)
      return;
    for (int64_t p = 0; p < columns; ++p)
      if (row.positive(p) && row.violation(row.s[p], n) > 0.0f)
        target[p] -= weight, target[n] += weight;
  }

  template <class Lanes> HD void all(const RankingRow &row, float weight, float *target, Lanes lanes) const {
    for (int64_t p = 0; p < columns; ++p) {
      if (!row.positive(p))
        continue;
      const auto violates = [=](int64_t n) { return row.negative(n) & (row.violation(row.s[p], n) > 0.0f); };
      const int32_t violating = lanes.count(columns, violates);
      lanes.each(columns, [=](int64_t n) {
        if (violates(n)) // positives stay untouched: they belong to the leader
          target[n] += weight;
      });
      if (lanes.leader())
        target[p] = -weight * static_cast<float>(violating);
    }
  }
};

inline RankingRule rankingRule(const Node &node) {
  const std::string mining = node.attributes.text("mining");
  RankingRule rule{number(node, "margin"), Mining::All, 0, node.attributes.boolean("excludeDiagonal", false)};
  if (mining == "hardest") {
    rule.mining = Mining::Hardest;
  } else if (mining == "topk" || mining == "topk-each") {
    rule.mining = mining == "topk" ? Mining::TopK : Mining::TopKEach;
    rule.k = static_cast<int32_t>(integerIn(node, "k", 1, 1 << 20));
  } else if (mining != "all") {
    fail(Code::Attribute, node, "mining", "all, hardest, topk or topk-each", mining);
  }
  return rule;
}

inline void checkSimilarity(const Node &node, const Tensor *similarity, const Tensor *rows,
                            const Tensor *columns) {
  requireRank(node, "similarity", similarity, 2);
  requireShape(node, "rowLabel", {similarity->shape[0]}, rows->shape);
  requireShape(node, "columnLabel", {similarity->shape[1]}, columns->shape);
}

template <class Backend> Kernel rankingHinge(const Node &node) {
  const auto *similarity = input(node, 0, "similarity"), *rowLabel = input(node, 1, "rowLabel", DType::I32),
             *columnLabel = input(node, 2, "columnLabel", DType::I32);
  const auto *loss = output(node, 0, "loss");
  checkSimilarity(node, similarity, rowLabel, columnLabel);
  requireSame(node, "loss", rowLabel, loss);
  return kernel([=, rule = rankingRule(node), rows = similarity->shape[0], columns = similarity->shape[1]] {
    Backend::rows(rows, 4 * columns,
                  RankingHinge{similarity->as<float>(), rowLabel->as<int32_t>(), columnLabel->as<int32_t>(),
                               loss->as<float>(), columns, rule});
  });
}

template <class Backend> Kernel rankingHingeGrad(const Node &node) {
  const auto *dloss = input(node, 0, "dloss"), *similarity = input(node, 1, "similarity"),
             *rowLabel = input(node, 2, "rowLabel", DType::I32),
             *columnLabel = input(node, 3, "columnLabel", DType::I32);
  const auto *dsimilarity = output(node, 0, "dsimilarity");
  checkSimilarity(node, similarity, rowLabel, columnLabel);
  requireSame(node, "dloss", rowLabel, dloss);
  requireSame(node, "dsimilarity", similarity, dsimilarity);
  return kernel([=, rule = rankingRule(node), rows = similarity->shape[0], columns = similarity->shape[1]] {
    Backend::rows(rows, 4 * columns,
                  RankingHingeGrad{dloss->as<float>(), similarity->as<float>(), rowLabel->as<int32_t>(),
                                   columnLabel->as<int32_t>(), dsimilarity->as<float>(), columns, rule});
  });
}

} // namespace dualpath::functors
